"""Errors with cause and likely fix: templates of `data/errors.txt`, and those of the product's own list."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class ErrorTemplate:
    """One kind of error; texts hold %placeholders%."""

    name: str
    tool: str
    command: str
    output: str
    cause: str
    fix: str
    heldout: bool

    @property
    def key(self) -> str:
        """The name without its qualifier in brackets."""
        return self.name.split(" (")[0]


@lru_cache(maxsize=1)
def all_errors() -> tuple[ErrorTemplate, ...]:
    text = (Path(__file__).parent / "data" / "errors.txt").read_text()
    return tuple(_parse(block) for block in text.strip().split("\n\n# "))


def errors(split: str) -> list[ErrorTemplate]:
    """Templates of a split: some are kept back from training."""
    return [e for e in all_errors() if e.heldout == (split == "heldout")]


@lru_cache(maxsize=1)
def listed_errors() -> tuple[ErrorTemplate, ...]:
    """Entries of `media/known-errors.json` as screens show them; the command is not known, so a tool's own is taken."""
    root = Path(__file__).parents[2]
    entries = {e["name"]: e for e in json.loads((root / "media/known-errors.json").read_text("utf-8"))}
    examples = json.loads((root / "test/unit/text/known-errors.examples.json").read_text("utf-8"))
    return tuple(
        ErrorTemplate(name, entry["tool"], _command(entry["tool"]), text, _clause(entry["cause"]), _clause(entry["fix"]), False)
        for example in examples
        for text in example["texts"]
        for name, entry in [(example["name"], entries[example["name"]])]
    )


def _command(tool: str) -> str:
    commands = {"npm": "npm install", "Python": "python main.py", "Git": "git push", "Docker": "docker compose up", "Node.js": "node index.js",
                "TypeScript": "npx tsc", "Rust": "cargo build", "Go": "go build ./...", "Java": "mvn package", "Kubernetes": "kubectl get pods"}  # fmt: skip
    return commands.get(tool, f"{tool.split()[0].lower()} run")


def _clause(sentence: str) -> str:
    """An entry's sentence inside another one, with what stands for an unfound group."""
    text = re.sub(r"\{\w+\|([^{}]*)\}", r"\1", sentence).rstrip(".")
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def _parse(block: str) -> ErrorTemplate:
    lines = block.removeprefix("# ").rstrip("\n").split("\n")
    head = [part.strip() for part in lines[0].split("|")]
    fix = lines[-1].removeprefix("fix: ")
    cause = lines[-2].removeprefix("cause: ")
    command = lines[1].removeprefix("$ ")
    return ErrorTemplate(
        head[0], head[1], command, "\n".join(lines[2:-2]), cause, fix, "heldout" in head[2:]
    )
