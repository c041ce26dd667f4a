"""Known errors are found in Python where the engine finds them: both read one list and one file of examples."""
from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from training.known_errors import LIST, entries, find
from training.prompts import user_text

TEXTS = Path(__file__).parents[2] / "test/unit/text"
EXAMPLES = json.loads((TEXTS / "known-errors.examples.json").read_text(encoding="utf-8"))
ORDINARY = json.loads((TEXTS / "known-errors.ordinary.json").read_text(encoding="utf-8"))
RECOGNISED = json.loads((TEXTS / "known-errors.read.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_examples(example: dict[str, object]) -> None:
    texts = example["texts"]
    assert isinstance(texts, list)
    for text in texts:
        for read in (text, text.replace(" ", ""), text.replace("0", "O").replace("l", "1"), text.replace(":", "：")):
            assert find(read.split("\n"))[0].name == example["name"], read


def test_every_entry_has_examples() -> None:
    listed = json.loads(LIST.read_text(encoding="utf-8"))
    assert [entry["name"] for entry in listed] == [example["name"] for example in EXAMPLES]


@pytest.mark.parametrize("ordinary", ORDINARY, ids=lambda ordinary: ordinary["what"])
def test_ordinary_text_has_none(ordinary: dict[str, str]) -> None:
    for read in (ordinary["text"], ordinary["text"].replace(" ", "")):
        assert find(read.split("\n")) == []


@pytest.mark.parametrize("read", RECOGNISED, ids=lambda read: read["what"])
def test_recognised_text(read: dict[str, Any]) -> None:
    found = find(read["text"].split("\n"))[0]
    assert found.name == read["name"]
    values = {" ".join(value.split()) for value in found.groups.values()}
    assert set(read["groups"].values()) <= values


def test_groups_and_order() -> None:
    found = find(["Error: listen EADDRINUSE: address already in use :::3000", "No module named 'flask'", "[nodemon] app crashed"])
    assert [error.name for error in found] == ["Port already in use (EADDRINUSE)"]
    found = find(["ModuleNotFoundError: No module named ‘flask’", "CUDA out of memory", "EMFILE: too many"])
    assert [error.name for error in found] == ["Too many open files (EMFILE)", "CUDA out of memory"]
    assert find(["ModuleNotFoundError: No module named ‘flask’"])[0].groups == {"module": "flask"}
    assert find(["All tests passed."]) == []


def test_hostile_text_takes_no_long_search() -> None:
    entries()
    for text in (" " * 100_000, "'" * 100_000, "error: " * 14_000, "Cannot find module '" * 5_000, "0l" * 50_000):
        started = time.process_time()
        find([text])
        assert time.process_time() - started < 5


def test_prompt_tells_the_error_after_the_text() -> None:
    assert user_text("What?", "a, b", True, "Port in use") == (
        "What?\nReference OCR Token: a, b\nKnown error: Port in use\n <GEN>"
    )
    assert user_text("What?", "", False, "Port in use") == "What?"
