"""The reader of kinds: its inputs are those of the product, and it learns what can be told."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.generator.labels import KINDS
from training.kind_reader import Reading, inputs, layout, pooled, reading, word_buckets
from training.kind_stage import fit, unseen_kinds

EXAMPLES = Path(__file__).resolve().parents[2] / "test" / "unit" / "text" / "text-layout.examples.json"


@pytest.mark.parametrize("example", json.loads(EXAMPLES.read_text(encoding="utf-8")))
def test_inputs_are_those_of_the_product(example: dict) -> None:
    read = replace(reading(example), errors=example["errors"])
    assert word_buckets(read.texts) == example["buckets"]
    assert layout(read) == pytest.approx(example["layout"], abs=1e-6)


def test_pooling_takes_mean_and_maximum_over_tokens() -> None:
    assert pooled(torch.tensor([[[1.0, 4.0], [3.0, 0.0]]])).tolist() == [[2.0, 2.0, 3.0, 4.0]]


def test_words_tell_kinds_of_unseen_groups() -> None:
    reads = [Reading((100, 100), ["$ make", "ok"] if i % 2 else ["total", "12 %"], [(0, 0, 50, 10), (0, 20, 30, 30)]) for i in range(40)]
    kinds = torch.tensor([KINDS.index("terminal" if i % 2 else "chart") for i in range(40)])
    x = inputs(reads, torch.randn(40, 8, generator=torch.Generator().manual_seed(1)))
    groups = torch.arange(40) // 20
    assert (unseen_kinds(x, kinds, groups, steps=60) == kinds).float().mean() > 0.9
    assert fit(x, kinds, steps=5)(x).shape == (40, len(KINDS))
