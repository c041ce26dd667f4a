"""The generator: same seed, same image; held-out words stay out of training; what it says is in the image."""
from __future__ import annotations

import numpy as np
import pytest

from training.generator import render
from training.generator.errors import all_errors, errors
from training.generator.labels import HEADS

KINDS = ["code", "terminal", "chart", "diagram", "ui", "document", "photo", "table"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_sample(kind: str) -> None:
    first, second = render(7, kind=kind), render(7, kind=kind)
    assert np.array_equal(np.asarray(first.image), np.asarray(second.image))
    assert (first.ocr, first.turns) == (second.ocr, second.turns)
    assert not np.array_equal(np.asarray(first.image), np.asarray(render(8, kind=kind).image))


@pytest.mark.parametrize("kind", KINDS)
def test_labels_boxes_and_turns_are_whole(kind: str) -> None:
    for seed in range(20, 26):
        sample = render(seed, kind=kind)
        assert sample.kind == kind
        assert any(turn.task == "explain" for turn in sample.turns)
        assert all(turn.question and turn.answer for turn in sample.turns)
        assert all(0 <= label < HEADS[name] for name, label in sample.labels.items() if name in HEADS)
        assert all(-0.1 <= value <= 1.1 for box in sample.boxes for value in box[1:])


def test_errors_have_a_cause_and_a_fix_and_some_are_kept_back() -> None:
    assert all(e.cause and e.fix and e.output for e in all_errors())
    kept = {e.name for e in errors("heldout")}
    assert kept and not kept & {e.name for e in errors("train")}
