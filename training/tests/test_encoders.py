"""Stage 1: what a row does not know does not count, and real images are split the same way every time."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import encoder_data, encoders, state
from training.config import EncoderPhase, EncoderStage, Recipe
from training.encoder_data import UNKNOWN, FreshImages, RealKinds, region_map
from training.generator import render
from training.generator.labels import HEADS, KINDS, MAX_NODES, REGIONS
from training.reader import TEACHER_WIDTH
from training.tests.test_model import SMALL
from training.towers import VisualTowers


def test_a_region_touches_the_cells_it_covers() -> None:
    cells = region_map([(2, 0.0, 0.0, 0.25, 0.5)], 4).reshape(4, 4, len(REGIONS))
    assert cells[:2, 0, 2].all() and cells.sum() == 2


def test_unknown_labels_regions_and_arrows_cost_nothing() -> None:
    out = {name: torch.randn(2, size) for name, size in HEADS.items()}
    out |= {"adjacency": torch.randn(2, MAX_NODES, MAX_NODES), "regions": torch.randn(2, 4, len(REGIONS))}
    labels = torch.full((2, len(HEADS)), -1)
    adjacency = torch.full((2, MAX_NODES, MAX_NODES), -1)
    regions = torch.full((2, 4, len(REGIONS)), UNKNOWN, dtype=torch.uint8)
    assert encoders.loss(out, labels, adjacency, regions).item() == 0
    labels[0, 0] = 3
    assert encoders.loss(out, labels, adjacency, regions).item() > 0


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINI_GEMINI_TRAINING", str(tmp_path))
    # This folder has no fetched icons, which other kinds of image need too: charts need none.
    monkeypatch.setattr(encoder_data, "render", lambda seed, split: render(seed, split, "chart"))
    (tmp_path / "real" / "train").mkdir(parents=True)
    records = []
    for number in range(24):
        Image.new("RGBA", (90, 60), (number, 9, 9, 128)).save(tmp_path / "real" / "train" / f"{number}.png")
        records.append({"file": f"{number}.png", "kind": KINDS[number % 3]})
    (tmp_path / "real" / "train.json").write_text(json.dumps(records))
    return tmp_path


def test_real_images_kept_out_are_never_shown(real: Path) -> None:
    shown = {r["file"] for r in encoder_data.real_records(False)}
    kept = {r["file"] for r in encoder_data.real_records(True)}
    assert kept and len(shown) > len(kept) and not shown & kept
    assert len(list(RealKinds(64, 4, held_out=True))) == len(kept)


def test_real_images_are_mixed_in_and_know_only_their_kind(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = iter(FreshImages(3, 0, 64, 4, repeats=2, real_share=0.5))
    items = [next(stream) for _ in range(24)]
    real_ones = [item for item in items if (item[3] == UNKNOWN).all()]
    assert real_ones and len(real_ones) < len(items)
    assert all((np.delete(labels, list(HEADS).index("kind")) == -1).all() for _, labels, *_ in real_ones)


def test_what_the_teacher_saw_is_shown_with_its_image(real: Path) -> None:
    seen = np.eye(2, TEACHER_WIDTH, dtype="float16")
    np.savez(real / "real" / "teacher.npz", files=np.array(["0.png", "1.png"]), features=seen)
    (real / "real" / "pseudo.json").write_text(json.dumps([{"file": "more.png", "folder": "unlabelled", "kind": "photo"}]))
    (real / "real" / "unlabelled").mkdir()
    Image.new("RGB", (40, 40)).save(real / "real" / "unlabelled" / "more.png")
    stream = iter(FreshImages(3, 0, 64, 4, real_share=0.9))
    items = [next(stream) for _ in range(200)]
    assert {tuple(item[4][:2]) for item in items} == {(0, 0), (1, 0), (0, 1)}
    kind = list(HEADS).index("kind")
    assert any(item[1][kind] == KINDS.index("photo") and (item[3] == UNKNOWN).all() for item in items)


def test_only_images_that_the_teacher_saw_are_distilled() -> None:
    teacher = torch.eye(2, TEACHER_WIDTH)
    out = {"teacher": teacher.clone(), "low_teacher": -teacher, "kind": torch.randn(2, 9)}
    assert encoders.distillation(out, teacher).item() == pytest.approx(2)
    assert encoders.distillation(out, teacher * torch.tensor([[1.0], [0.0]])).item() == pytest.approx(1)
    assert encoders.distillation(out, torch.zeros_like(teacher)).item() == 0


def test_towers_that_ship_are_gone_on_from(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "accuracy", lambda *_: {})
    torch.manual_seed(8)
    shipped = {name: value for name, value in VisualTowers(SMALL).state_dict().items()}
    state.save(real / "shipped.pt", {"towers": shipped})
    stage = EncoderStage(phases=(EncoderPhase(128, 0.001, 4),), heads_first_steps=1000)
    path = encoders.train(Recipe(vision=SMALL, encoders=stage))
    saved = torch.load(path, weights_only=True)
    assert saved["step"] > 0
    assert all(torch.equal(saved["towers"][name], value) for name, value in shipped.items())


def test_time_that_the_process_was_stopped_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(state.time, "monotonic", lambda: now[0])
    ticker = state.Ticker(10, elapsed=30)
    for seconds in (5, 500, 5):
        now[0] += seconds
        assert ticker.elapsed < 120
    assert ticker.elapsed == 30 + 5 + state.Ticker.LONGEST + 5


def test_training_goes_on_from_its_state(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "accuracy", lambda *_: {})
    phases = (EncoderPhase(32, 0.02, 4), EncoderPhase(128, 0.02, 4))
    recipe = Recipe(vision=SMALL, encoders=EncoderStage(phases=phases, repeats=4))
    path = encoders.train(recipe)
    first = torch.load(path, weights_only=True)
    assert first["done"] and first["step"] > 0
    encoders.train(recipe)
    assert torch.load(path, weights_only=True)["step"] == first["step"]
