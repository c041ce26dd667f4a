"""Errors of the built-in list in recognised text, found as the engine finds them (`src/engine/text/known-errors.ts`)."""
from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIST = Path(__file__).parent.parent / "media" / "known-errors.json"
LONGEST_TEXT = 20_000
MOST = 2
CONFUSED = {
    " ": "[ \\t\\n\\r]{0,3}",
    **dict.fromkeys("'\"`", "'{0,2}"),
    **dict.fromkeys("0oO", "[0o]"),
    **dict.fromkeys("1iIlL", "[1il|]"),
}
PIECES = re.compile(r"\\.|\(\?<[a-z]\w*>|\(\?(?:<?[=!]|:)|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d+)?\}|[\w\W]", re.ASCII)
QUOTES = re.compile("[\"‘’‚‛“”„‟`′«»]")
DASHES = re.compile("[‐‑‒–—−]")


@dataclass(frozen=True)
class KnownError:
    """An entry that was found, with what the named groups of its pattern matched."""

    name: str
    groups: dict[str, str]
    line: int = 0
    """Where it stands among the lines."""


def normalised(text: str) -> str:
    """Recognised text with one sign for every quote and dash, and full-width signs as the usual ones."""
    text = unicodedata.normalize("NFKC", re.sub("[´″]", "'", text[:LONGEST_TEXT]))[:LONGEST_TEXT]
    return DASHES.sub("-", QUOTES.sub("'", text)).replace("。", ".")


def expression(pattern: str) -> re.Pattern[str]:
    """A pattern of the list as Python writes it."""

    def loosened(match: re.Match[str]) -> str:
        piece = match[0]
        if piece.startswith("["):
            return re.sub("[\"`]", "'", piece)
        if piece.startswith("(?<") and piece[3] not in "=!":
            return "(?P" + piece[2:]
        return CONFUSED.get(piece, piece)

    return re.compile(PIECES.sub(loosened, pattern), re.IGNORECASE | re.ASCII)


@cache
def entries() -> list[tuple[str, bool, re.Pattern[str]]]:
    """Name, whether it is told only alone, and expression of every entry, the most specific first."""
    listed = json.loads(LIST.read_text(encoding="utf-8"))
    return [(entry["name"], entry.get("general", False), expression(entry["pattern"])) for entry in listed]


def find(lines: Sequence[str]) -> list[KnownError]:
    """The errors found in recognised lines, the most specific first, two at most."""
    text = normalised("\n".join(lines))
    found: list[tuple[int, int, KnownError]] = []
    for name, general, pattern in entries():
        match = None if general and found else pattern.search(text)
        if match is None or any(match.start() < to and start < match.end() for start, to, _ in found):
            continue
        groups = {key: value for key, value in match.groupdict().items() if value is not None}
        found.append((match.start(), match.end(), KnownError(name, groups, text.count("\n", 0, match.start()))))
        if len(found) == MOST or general:
            break
    return [error for _, _, error in found]
