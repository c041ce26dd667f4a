"""Terminal outputs without an error, each with what it says."""
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .phrasing import listing, plural
from .words import Words, capital


@dataclass
class Output:
    command: str
    lines: list[str]
    meaning: str
    sort: str = "terminal"


def _git_status(r: random.Random, w: Words) -> Output:
    branch = w.variables()["branch"]
    files = [f"src/{name}.{r.choice(['ts', 'py', 'go', 'js'])}" for name in w.some(r.randint(1, 5))]
    new = w.some(r.randint(0, 2))
    lines = [f"On branch {branch}", f"Your branch is up to date with 'origin/{branch}'.", "Changes not staged for commit:"]
    lines += [f"        modified:   {name}" for name in files]
    if new:
        lines += ["Untracked files:", *(f"        {name}.md" for name in new)]
    lines.append('no changes added to commit (use "git add" and/or "git commit -a")')
    meaning = f"`git status` on branch {branch} shows {plural(len(files), 'modified file')}: {listing(files)}."
    if new:
        meaning += f" Untracked: {listing([f'{n}.md' for n in new])}."
    return Output("git status", lines, meaning + " Nothing is staged yet.")


def _git_log(r: random.Random, w: Words) -> Output:
    subjects = [f"{r.choice(['fix', 'feat', 'chore', 'docs'])}: {w.verb()} {name}" for name in w.some(r.randint(2, 6))]
    lines = [f"{r.randint(1 << 24, (1 << 28) - 1):x} {subject}" for subject in subjects]
    return Output("git log --oneline", lines, f"`git log --oneline` lists {plural(len(lines), 'commit')}: {listing(subjects)}.")


def _git_push(r: random.Random, w: Words) -> Output:
    branch, repository = w.variables()["branch"], w.noun()
    n = r.randint(3, 40)
    lines = [f"Enumerating objects: {n}, done.", f"Writing objects: 100% ({n}/{n}), {r.randint(1, 9)}.2 KiB, done.",
             f"To example.com:team/{repository}.git", f"   a1b2c{r.randint(10, 99)}..d4e5f{r.randint(10, 99)}  {branch} -> {branch}"]  # fmt: skip
    return Output(f"git push origin {branch}", lines, f"`git push` sent {n} objects of the branch {branch} to the repository {repository}.git. It succeeded.")


def _install(r: random.Random, w: Words) -> Output:
    count, seconds = r.randint(20, 900), r.randint(1, 40)
    lines = [f"added {count} packages, and audited {count + 1} packages in {seconds}s",
             f"{r.randint(2, 90)} packages are looking for funding", "found 0 vulnerabilities"]  # fmt: skip
    return Output("npm install", lines, f"`npm install` added {count} packages in {seconds} seconds and found 0 vulnerabilities.")


def _pip(r: random.Random, w: Words) -> Output:
    v = w.variables()
    lines = [f"Collecting {v['module']}", f"  Downloading {v['module']}-{v['version']}-py3-none-any.whl ({v['n']} kB)",
             f"Installing collected packages: {v['module']}", f"Successfully installed {v['module']}-{v['version']}"]  # fmt: skip
    return Output(f"pip install {v['module']}", lines, f"`pip install` downloaded and installed {v['module']} {v['version']} successfully.")


def _tests(r: random.Random, w: Words) -> Output:
    names = [f"{w.verb()}s the {noun}" for noun in w.some(r.randint(2, 6))]
    total, seconds = r.randint(len(names), 200), f"{r.randint(0, 30)}.{r.randint(1, 9)}"
    lines = [f" ✓ {name} ({r.randint(1, 90)} ms)" for name in names]
    lines += [f"Tests:       {total} passed, {total} total", f"Time:        {seconds} s"]
    return Output(r.choice(["npm test", "npx jest", "npx vitest run"]), lines,
                  f"The test run passed: all {total} tests passed in {seconds} seconds, among them {listing(names[:3])}.", "tests")  # fmt: skip


def _pytest(r: random.Random, w: Words) -> Output:
    files = [f"tests/test_{name}.py" for name in w.some(r.randint(1, 5))]
    total, seconds = r.randint(4, 200), f"{r.randint(0, 30)}.{r.randint(10, 99)}"
    lines = [f"{name} {'.' * r.randint(3, 20)} [{r.randint(10, 99)}%]" for name in files]
    lines.append(f"===== {total} passed in {seconds}s =====")
    return Output("pytest", lines, f"pytest ran {listing(files)}: {total} tests passed in {seconds} seconds.", "tests")


def _listing(r: random.Random, w: Words) -> Output:
    user = r.choice(["root", "dev", "alice", "ubuntu"])
    files = [f"{name}.{r.choice(['py', 'md', 'txt', 'json', 'sh', 'log'])}" for name in w.some(r.randint(2, 8))]
    lines = [f"total {r.randint(8, 900)}"]
    lines += [
        f"-rw-r--r-- 1 {user} {user} {r.randint(100, 99999)} {r.choice(['Jan', 'Mar', 'Oct'])} {r.randint(1, 28)} 1{r.randint(0, 9)}:{r.randint(10, 59)} {name}"
        for name in files
    ]
    return Output(r.choice(["ls -la", "ls -l", "ll"]), lines, f"`ls` lists {plural(len(files), 'file')} owned by {user}: {listing(files)}.")


def _containers(r: random.Random, w: Words) -> Output:
    names = w.some(r.randint(1, 5))
    lines = ["CONTAINER ID   IMAGE          STATUS        PORTS"]
    lines += [f"{r.randint(1 << 28, (1 << 32) - 1):x}   {n}:latest   Up {r.randint(1, 50)} hours   0.0.0.0:{r.randint(3000, 9000)}->80/tcp" for n in names]
    return Output("docker ps", lines, f"`docker ps` shows {plural(len(names), 'running container')}: {listing(names)}.")


def _pods(r: random.Random, w: Words) -> Output:
    names = [f"{n}-{r.randint(1 << 16, 1 << 20):x}" for n in w.some(r.randint(2, 5))]
    lines = ["NAME              READY   STATUS    RESTARTS   AGE"]
    lines += [f"{n}   1/1     Running   {r.randint(0, 3)}   {r.randint(1, 90)}m" for n in names]
    return Output("kubectl get pods", lines, f"`kubectl get pods` shows {plural(len(names), 'pod')}, all Running: {listing(names)}.")


def _build(r: random.Random, w: Words) -> Output:
    modules, seconds = r.randint(20, 900), f"{r.randint(0, 30)}.{r.randint(10, 99)}"
    lines = ["> build", "> vite build", f"vite v{r.randint(4, 6)}.1.4 building for production...", f"✓ {modules} modules transformed.",
             f"dist/index.html   0.{r.randint(10, 99)} kB", f"✓ built in {seconds}s"]  # fmt: skip
    return Output("npm run build", lines, f"`npm run build` succeeded: vite transformed {modules} modules and built the project in {seconds} seconds.")


def _cargo(r: random.Random, w: Words) -> Output:
    crate, seconds = w.noun(), f"{r.randint(0, 90)}.{r.randint(10, 99)}"
    lines = [f"   Compiling {n} v{r.randint(0, 3)}.{r.randint(0, 20)}.{r.randint(0, 9)}" for n in w.some(r.randint(1, 4))]
    lines += [f"   Compiling {crate} v0.1.0", f"    Finished dev [unoptimized + debuginfo] target(s) in {seconds}s"]
    return Output("cargo build", lines, f"`cargo build` compiled {crate} v0.1.0 and its dependencies; it finished in {seconds} seconds without errors.")


def _log(r: random.Random, w: Words) -> Output:
    events = [f"{w.verb()} {name}" for name in w.some(r.randint(2, 7))]
    lines = [
        f"2024-0{r.randint(1, 9)}-1{r.randint(0, 9)} 1{r.randint(0, 9)}:{r.randint(10, 59)}:{r.randint(10, 59)} {r.choice(['INFO', 'INFO', 'DEBUG'])} {event} took {r.randint(2, 900)}ms"
        for event in events
    ]
    return Output("tail -f app.log", lines, f"It shows {plural(len(events), 'log entry').replace('entrys', 'entries')}: {listing(events)}. No errors are visible.", "log")


def _disk(r: random.Random, w: Words) -> Output:
    size = r.randint(20, 900)
    used = r.randint(1, size)
    lines = ["Filesystem      Size  Used Avail Use% Mounted on", f"/dev/sda1       {size}G   {used}G   {size - used}G  {100 * used // size}% /", "tmpfs           3.9G     0  3.9G   0% /dev/shm"]
    return Output("df -h", lines, f"`df -h` shows that the root disk /dev/sda1 has {size}G, of which {used}G ({100 * used // size}%) are used.")


def _server(r: random.Random, w: Words) -> Output:
    v = w.variables()
    lines = [f"  VITE v5.{v['small']}.0  ready in {v['n']} ms", f"  ➜  Local:   http://localhost:{v['port']}/", "  ➜  press h + enter to show help"]
    return Output("npm run dev", lines, f"The Vite development server is ready and listens on http://localhost:{v['port']}/. No error is shown.")


def _training(r: random.Random, w: Words) -> Output:
    epochs = r.randint(2, 6)
    losses = sorted((round(r.uniform(0.05, 2), 3) for _ in range(epochs)), reverse=True)
    lines = [f"Epoch {i + 1}/{epochs} - loss: {x} - accuracy: {round(1 - x / 3, 3)}" for i, x in enumerate(losses)]
    return Output("python train.py", lines, f"A training run is shown: over {epochs} epochs the loss falls from {losses[0]} to {losses[-1]}.", "log")


def _http(r: random.Random, w: Words) -> Output:
    noun, identifier = w.noun(), r.randint(1, 999)
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f'{{"id": {identifier}, "{noun}": "{w.noun()}", "status": "ok"}}']
    return Output(f"curl -i http://localhost:8080/{noun}s/{identifier}", lines, f"`curl` got HTTP 200 OK with JSON of the {noun} with id {identifier}. There is no error.")


def _versions(r: random.Random, w: Words) -> Output:
    tool, version = r.choice([("node", f"v{r.randint(16, 22)}.{r.randint(0, 20)}.0"), ("python3", f"Python 3.{r.randint(8, 13)}.{r.randint(0, 12)}"), ("go", f"go version go1.{r.randint(18, 23)} linux/amd64")])
    return Output(f"{tool} --version", [version], f"`{tool} --version` prints {version}.")


OUTPUTS: list[Callable[[random.Random, Words], Output]] = [
    _git_status, _git_log, _git_push, _install, _pip, _tests, _pytest, _listing, _containers, _pods, _build, _cargo,
    _log, _disk, _server, _training, _http, _versions,
]  # fmt: skip

INVENTED = ["Timeout", "Invalid{Noun}", "{Noun}NotFound", "{Noun}Mismatch", "Unsupported{Noun}", "{Verb}Failed", "Corrupt{Noun}"]


def invented_error(r: random.Random, w: Words) -> tuple[str, str, str, str, str]:
    """A made-up error class, so that unknown names are read and not replaced: key, command, output, cause, fix."""
    noun, other, verb = w.noun(), w.noun(), w.verb()
    key = r.choice(INVENTED).format(Noun=capital(noun), Verb=capital(verb)) + r.choice(["Error", "Exception"])
    message, cause, fix = r.choice(
        [
            (f"{noun} '{other}' not found", f"the {noun} '{other}' does not exist", f"check that the {noun} '{other}' exists and is spelled correctly"),
            (f"could not {verb} {noun}: timeout after {r.randint(2, 90)}s", f"the {noun} did not answer in time", f"check that the {noun} is reachable or raise the timeout"),
            (f"invalid value for {noun}: '{other}'", f"'{other}' is not a valid value for {noun}", f"pass a valid {noun}"),
            (f"expected {r.randint(2, 9)} {noun}s, got {r.randint(10, 20)}", f"the number of {noun}s is not what was expected", f"check the {noun}s that are passed"),
            (f"missing required option '{noun}'", f"the required option '{noun}' was not given", f"set the option '{noun}'"),
            (f"{noun} is read-only", f"the {noun} may not be changed", f"use a writable {noun} or change its permissions"),
        ]
    )  # fmt: skip
    command = r.choice([f"./{noun}ctl {verb}", f"python -m {noun}", f"node {noun}.js", f"{noun} {verb} {other}", "make run"])
    line, column = r.randint(3, 300), r.randint(1, 40)
    output = r.choice(
        [
            f"{key}: {message}",
            f"Traceback (most recent call last):\n  File \"{other}.py\", line {line}, in {verb}_{noun}\n{key}: {message}",
            f"Error: {key}: {message}\n    at {verb}{capital(noun)} (/app/{other}.js:{line}:{column})\n    at main (/app/index.js:{column})",
            f"[ERROR] {key}: {message}\n[ERROR] exit status 1",
            f"Exception in thread \"main\" com.example.{key}: {message}\n        at com.example.{capital(other)}.{verb}({capital(other)}.java:{line})",
        ]
    )  # fmt: skip
    return key, command, output, cause, fix
