"""Errors with cause and likely fix, read from `data/errors.txt`."""
from __future__ import annotations

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


def _parse(block: str) -> ErrorTemplate:
    lines = block.removeprefix("# ").rstrip("\n").split("\n")
    head = [part.strip() for part in lines[0].split("|")]
    fix = lines[-1].removeprefix("fix: ")
    cause = lines[-2].removeprefix("cause: ")
    command = lines[1].removeprefix("$ ")
    return ErrorTemplate(
        head[0], head[1], command, "\n".join(lines[2:-2]), cause, fix, "heldout" in head[2:]
    )
