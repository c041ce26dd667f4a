"""Terminal screenshots: errors with cause and fix, and ordinary outputs."""
from __future__ import annotations

import random
import re
from dataclasses import dataclass

from ..prompts import KNOWN_ERROR, Turn
from .canvas import PALETTE, Canvas
from .drawing import Drawing
from .errors import errors, listed_errors
from .fonts import family, font
from .labels import KINDS, SUBKINDS
from .outputs import OUTPUTS, invented_error
from .phrasing import article, question
from .snippets import snippet
from .words import Words, capital, fill

_DARK = [(12, 12, 12), (30, 30, 30), (0, 0, 0), (44, 0, 30), (40, 42, 54), (1, 36, 86)]
_NAMED_TOOLS = {"shell": "shell", "tests": "test", "HTTP log": "server", "HTTP": "HTTP"}


@dataclass
class Failure:
    """An error made concrete."""

    key: str
    tool: str
    command: str
    output: str
    cause: str
    fix: str

    @property
    def phrase(self) -> str:
        tool = _NAMED_TOOLS.get(self.tool, self.tool)
        return f"{article(tool)} error" if tool else "an error"

    @property
    def message(self) -> str:
        """The line that says what went wrong."""
        lines = [line.strip() for line in self.output.split("\n") if line.strip()]
        named = [line for line in lines if self.key.split()[0].lower() in line.lower()]
        return (named or lines)[-1]

    @property
    def place(self) -> str:
        """` in FILE, line N` where the output names one, else nothing."""
        found = re.search(r'File "([^"]{1,60})", line (\d+)|([\w./\\-]{1,60}\.[a-z]{1,4})[:(](\d+)', self.output)
        if found is None:
            return ""
        return f" in {found[1] or found[3]}, line {found[2] or found[4]}"


def make_failure(rng: random.Random, words: Words, split: str) -> Failure:
    if rng.random() < 0.18:
        key, command, output, cause, fix = invented_error(rng, words)
        return Failure(key, "", command, output, cause, fix)
    if split == "train" and rng.random() < 0.2:
        listed = rng.choice(listed_errors())
        return Failure(listed.key, listed.tool, listed.command, listed.output, listed.cause, listed.fix)
    template = rng.choice(errors(split))
    values = words.variables()
    if template.tool in ("JavaScript", "Node.js", "TypeScript", "Java", "C#", "Browser console"):
        values["function"] = values["camel"]
    parts = (fill(text, values) for text in (template.command, template.output, template.cause, template.fix))
    return Failure(template.key, template.tool, *parts)


def code_frame(rng: random.Random, words: Words, split: str) -> list[str]:
    """Some lines of code with the failing one marked, as many tools print them below an error."""
    code = [line[:84] for line in snippet(rng, words, split).code.split("\n") if line.strip()]
    count = min(len(code), rng.randint(3, 8))
    start = rng.randrange(len(code) - count + 1)
    shown, first, failing = code[start : start + count], start + rng.randint(1, 60), rng.randrange(count)
    mark, bar = rng.choice([("> ", " | "), ("→ ", "▕ "), ("", " │ "), (">", "  "), ("E ", " "), ("", ": ")])
    lines = []
    for index, line in enumerate(shown):
        lines.append(f"{mark if index == failing else ' ' * len(mark)}{first + index:>4}{bar}{line}")
        if index == failing and rng.random() < 0.6:
            indent = len(mark) + 4 + len(bar) + len(line) - len(line.lstrip())
            lines.append(" " * indent + rng.choice("^~") * min(30, max(1, len(line.strip()) - rng.randint(0, 6))))
    return [rng.choice(["", f"  at {words.noun()}.{rng.choice(['ts', 'js', 'py', 'rs', 'php', 'rb'])}:{first + failing}:{rng.randint(1, 40)}"]), *lines, ""]


def failure_turns(rng: random.Random, split: str, failure: Failure, lead: str) -> list[Turn]:
    """Explanation, question and alt text of an error; `lead` names the kind of image."""
    f = failure
    said = rng.choice(
        [
            f"The command `{f.command}` failed with {f.phrase}: {f.key}.",
            f"It shows {f.phrase}, {f.key}, after running `{f.command}`.",
            f"Running `{f.command}` ended with {f.phrase}: {f.key}.",
        ]
    )
    message = f" The message is `{f.message}`." if len(f.message) < 110 else ""
    tail = rng.choice(
        [
            f" It means that {f.cause}. To fix it, {f.fix}.",
            f" The cause is that {f.cause}. Likely fix: {f.fix}.",
            f" This happens because {f.cause}. To fix it, {f.fix}.",
        ]
    )
    answer = rng.choice(
        [
            f"The error is {f.key}: {f.cause}. To fix it, {f.fix}.",
            f"{capital(f.phrase)}: {f.key}. It means that {f.cause}. Likely fix: {f.fix}.",
            f"`{f.message}` means that {f.cause}. To fix it, {f.fix}.",
        ]
    )
    named = rng.choice(
        [
            f"The error is {f.key}{f.place}: `{f.message}`.",
            f"It shows {f.phrase}{f.place}: `{f.message}`.",
            f"`{f.command}` failed{f.place} with {f.phrase}, {f.key}.",
        ]
    )
    return [
        Turn(question(rng, "explain", split), f"{lead} {said}{message}", "known explain"),
        Turn(question(rng, "error", split), f"{named}\n{KNOWN_ERROR}", "known error"),
        Turn(question(rng, "explain", split), f"{lead} {said}{message}{tail}", "explain"),
        Turn(question(rng, "error", split), answer, "error"),
        Turn(question(rng, "alt", split), f"{lead.rstrip('.').split(' is ', 1)[-1].capitalize()}: {f.key}, because {f.cause}", "alt"),
        Turn(rng.choice(["Which error is shown?", "Name the error.", "Which command failed?"]), f"`{f.command}` failed with {f.key}.", "name"),
    ]


def terminal(rng: random.Random, words: Words, split: str) -> Drawing:
    dark = rng.random() < 0.82
    background = rng.choice(_DARK) if dark else rng.choice([(255, 255, 255), (245, 245, 240)])
    ink = (220, 220, 220) if dark else (30, 30, 30)
    face_path, size = rng.choice(family("mono")), rng.randint(12, 22)
    user = rng.choice("alice bob dev carol root ubuntu eve max kim".split())
    prompt = rng.choice(["$ ", f"{user}@{rng.choice(['host', 'laptop', 'server'])}:~/{words.noun()}$ ", "> ",
                         "PS C:\\dev> ", f"➜  {words.noun()} ", "% ", f"C:\\Users\\{user}> ", f"({words.noun()}) $ "])  # fmt: skip
    lead = rng.choice(["This is a terminal screenshot.", "This is a screenshot of a terminal.", "This image is a terminal screenshot."])
    lines: list[str] = []
    red: set[int] = set()
    if rng.random() < 0.68:
        failure = make_failure(rng, words, split)
        if rng.random() < 0.3:
            extra = rng.choice(OUTPUTS)(rng, words)
            lines += [prompt + extra.command, *extra.lines[:4]]
        lines.append(prompt + failure.command)
        output = failure.output.split("\n")
        red = set(range(len(lines), len(lines) + len(output))) if rng.random() < 0.35 else {len(lines) + len(output) - 1}
        lines += output
        if rng.random() < 0.45:
            frame = code_frame(rng, words, split)
            place = len(lines) if rng.random() < 0.5 else len(lines) - len(output)
            lines[place:place] = frame
            if place < len(lines) - len(frame):
                red = {index + len(frame) for index in red}
        turns = failure_turns(rng, split, failure, lead)
        sub = "error"
        facts: dict[str, object] = {"key": failure.key, "cause": failure.cause, "fix": failure.fix}
    else:
        output_ = rng.choice(OUTPUTS)(rng, words)
        lines += [prompt + output_.command, *output_.lines]
        meaning = output_.meaning
        turns = [
            Turn(question(rng, "explain", split), f"{lead} {meaning}", "explain"),
            Turn(question(rng, "error", split), rng.choice(["No error is shown.", "There is no error.", "Nothing failed."]) + f" {meaning}", "no_error"),
            Turn(question(rng, "alt", split), f"Terminal screenshot of `{output_.command}`: {meaning.split('. ')[0].rstrip('.')}", "alt"),
            Turn(rng.choice(["Which command was run?", "What command is shown?"]), f"The command `{output_.command}` was run.", "name"),
        ]
        sub = output_.sort
        facts = {"command": output_.command}
    lines.append(prompt)
    canvas = _draw(rng, lines, red, prompt, background, ink, face_path, size, f"{user}@host")
    labels = {"kind": KINDS.index("terminal"), "subkind": SUBKINDS.index(sub), "theme": int(dark), "count": min(12, len(lines))}
    return Drawing(canvas, "terminal", labels, turns, facts, "a terminal")


def _draw(rng: random.Random, lines: list[str], red: set[int], prompt: str, background: tuple[int, int, int],
          ink: tuple[int, int, int], face_path: str, size: int, title: str) -> Canvas:  # fmt: skip
    face = font(face_path, size)
    line_height = int(size * rng.uniform(1.25, 1.5))
    advance = face.getlength("M")
    longest = min(120, max(map(len, lines)))
    width = min(1600, max(480, advance * longest + 40) * rng.uniform(1, 1.4))
    height = min(1100, max(line_height * len(lines) + 60, width * 0.28) * rng.uniform(1, 1.4))
    canvas = Canvas(rng, width, height, background)
    y = 8
    if rng.random() < 0.55:
        y += canvas.title_bar(rng.choice(["bash", "Terminal", "zsh", "Windows PowerShell", title, ""]), font(rng.choice(family("sans")), 13))
    per_line = int((width - 20) / advance)
    for index, line in enumerate(lines):
        colour = (240, 80, 80) if index in red else PALETTE["green"] if line.startswith(" ✓") else ink
        for start in range(0, max(1, len(line)), per_line):
            part = line[start : start + per_line]
            if part.strip() and y < height:
                x = 10 + advance * (len(part) - len(part.lstrip()))
                canvas.text(x, y, part.strip(), face, colour, "error" if index in red else "text")
                if start == 0 and line.startswith(prompt) and len(prompt) > 2:
                    canvas.draw.text((10, y), prompt, font=face, fill=(80, 200, 120) if canvas.dark else (0, 110, 40))
            y += line_height
    return canvas
