"""Real images out of public git repositories: fetched at pinned commits, checked, kept in the state folder, never committed.

`real_training.json`, `real_test.json` and `real_unlabelled.json` name them: a list of `{repo, commit, licence, images: [{file, path, sha256,
kind, …}]}`, without a kind where only the teacher tells it. The rest of an image's entry is its truth (`explanation` and `alt`; `facts`, `visible`, `key` and `fix`).
A repository lends its images to tests or to training only.
"""
from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .config import state_folder

LISTS = {"train": "real_training.json", "test": "real_test.json", "unlabelled": "real_unlabelled.json"}
REPOSITORIES = "https://github.com/{owner}/{name}.git"
"""Where repositories are; the variable MINI_GEMINI_REPOSITORIES names another place, a folder of mirrors for one."""
MOST_BYTES = 8 << 20
GIT_SECONDS = 900
UPLOAD_PACK = "--upload-pack=git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"
"""A folder of mirrors serves parts of a repository too; it may lack the largest files. Without effect over https."""


class NotFetched(Exception):
    """A repository or an image of it that can't be had as listed; the text says why."""


@dataclass
class Fetched:
    """`records` are the images at hand, in the list's order; `problems` says which are missing and why."""

    records: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_list(path: Path) -> list[dict[str, Any]]:
    """The sources of a list, their names checked, so that nothing is written outside the folder of images.

    Raises ValueError where an entry is not of the form above.
    """
    sources = json.loads(path.read_text(encoding="utf-8"))
    for source in sources:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", source["repo"]) or not re.fullmatch(r"[0-9a-f]{40}", source["commit"]):
            raise ValueError(f"{path.name}: not a repository and a commit: {source['repo']} {source['commit']}")
        for image in source["images"]:
            if not re.fullmatch(r"[\w+-][\w.+-]*", image["file"]) or not re.fullmatch(r"[0-9a-f]{64}", image["sha256"]):
                raise ValueError(f"{path.name}: not a file name and a SHA-256: {image['file']} {image['sha256']}")
    return sources


def address(repo: str) -> str:
    owner, name = repo.split("/")
    return os.environ.get("MINI_GEMINI_REPOSITORIES", REPOSITORIES).format(owner=owner, name=name)


class Repository:
    """A bare partial clone that holds one commit and of its files only those asked for."""

    def __init__(self, folder: Path, url: str, commit: str) -> None:
        self.folder, self.commit = folder, commit
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--bare", ".")
            self.git("config", "remote.origin.promisor", "true")
            self.git("config", "remote.origin.partialclonefilter", "blob:none")
        self.git("config", "remote.origin.url", url)

    def git(self, *arguments: str, text: str = "") -> bytes:
        """Output of a git command; no prompt, no hook, no transport but files and https."""
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file:https", "GIT_DIR": str(self.folder)}
        try:
            done = subprocess.run(["git", *arguments], cwd=self.folder, env=environment, input=text.encode(), capture_output=True,
                                  check=True, timeout=GIT_SECONDS)  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise NotFetched(error.stderr.decode("utf-8", "replace").strip()[-300:] or f"git {arguments[0]} failed") from error
        except subprocess.TimeoutExpired as error:
            raise NotFetched(f"git {arguments[0]} took longer than {GIT_SECONDS} s") from error
        return done.stdout

    def fetch(self, paths: list[str]) -> None:
        """Brings the commit's tree and the given files, the latter in one request."""
        self.git("fetch", UPLOAD_PACK, "--quiet", "--depth=1", "--filter=blob:none", "--no-tags", "origin", self.commit)
        listing = self.git("ls-tree", "-r", "-z", self.commit).decode("utf-8", "replace").split("\0")
        blobs = {name: entry.split()[2] for entry, _, name in (line.partition("\t") for line in listing) if name}
        wanted = [blobs[path] for path in paths if path in blobs]
        self.git("-c", "fetch.negotiationAlgorithm=noop", "fetch", UPLOAD_PACK, "--quiet", "--no-tags", "--no-write-fetch-head",
                 "--filter=blob:none", "--stdin", "origin", text="\n".join(wanted) + "\n")  # fmt: skip

    def file(self, path: str) -> bytes:
        name = f"{self.commit}:{path}"
        if int(self.git("cat-file", "-s", name)) > MOST_BYTES:
            raise NotFetched(f"{path} has more than {MOST_BYTES} bytes")
        return self.git("cat-file", "blob", name)


def checked(data: bytes, sha256: str) -> bool:
    return hashlib.sha256(data).hexdigest() == sha256


def fetch_source(source: dict[str, Any], folder: Path, clones: Path) -> list[str]:
    """Puts the images of one repository that are not there yet into `folder`; returns what went wrong."""
    missing = []
    for image in source["images"]:
        path = folder / image["file"]
        if not (path.exists() and checked(path.read_bytes(), image["sha256"])):
            missing.append(image)
    if not missing:
        return []
    problems = []
    try:
        repository = Repository(clones / source["repo"].replace("/", "+"), address(source["repo"]), source["commit"])
        repository.fetch([image["path"] for image in missing])
    except NotFetched as problem:
        return [f"{source['repo']}: {problem}"]
    for image in missing:
        try:
            data = repository.file(image["path"])
        except NotFetched as problem:
            problems.append(f"{source['repo']} {image['path']}: {problem}")
            continue
        if not checked(data, image["sha256"]):
            problems.append(f"{source['repo']} {image['path']}: not the file that was labelled")
            continue
        temporary = folder / f".{image['file']}.part"
        temporary.write_bytes(data)
        temporary.replace(folder / image["file"])
    return problems


def fetch(path: Path, folder: Path, clones: Path) -> Fetched:
    """All images of a list; those already in `folder` are only checked, so an interrupted run goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Fetched()
    for source in read_list(path):
        found.problems += fetch_source(source, folder, clones)
        origin = {name: source[name] for name in ("repo", "commit", "licence")}
        for image in source["images"]:
            file = folder / image["file"]
            if file.exists() and checked(file.read_bytes(), image["sha256"]):
                found.records.append({**image, **origin})
    return found


def run() -> None:
    """All lists into the state folder: `real/train`, `real/test`, `real/unlabelled` and, beside them, the records of what is there."""
    base = state_folder() / "real"
    for split, name in LISTS.items():
        found = fetch(Path(__file__).parent / name, base / split, base / "git")
        temporary = base / f"{split}.json.part"
        temporary.write_text(json.dumps(found.records, ensure_ascii=False), encoding="utf-8")
        temporary.replace(base / f"{split}.json")
        print(f"{split}: {len(found.records)} real images", *found.problems, sep="\n  ", flush=True)
