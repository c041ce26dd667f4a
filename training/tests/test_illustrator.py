"""The illustrator's recipe at a tiny size: it runs, learns, goes on where it stopped, and exports what loads."""
from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from training import state
from training.illustrator import autoencoder, captions, colours, concepts, dataset, diffusion, export, networks, optimise, pictures, run, sample, tokens
from training.illustrator.recipe import AutoencoderShape, IllustratorRecipe, Stage, TextShape, UnetShape

torch.set_num_threads(1)  # small networks gain nothing from more

RECIPE = IllustratorRecipe(
    autoencoder_shape=AutoencoderShape(64, (8, 8, 8, 8), 4, 4),
    text=TextShape(vocabulary=700, tokens=12, width=16, layers=1, heads=2),
    unet=UnetShape((16, 16, 16), (False, True, False), 1, 4, 2),
    autoencoder=Stage(150, 4, 3e-3, 1e-2),
    diffusion=Stage(120, 8, 2e-3, 1e-2),
    held_out=1,
    drawing_steps=4,
)


def square(colour: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="{colour}"/></svg>'


ICONS = [
    concepts.Concept("test", name, "flat", (name,), square(colour))
    for name, colour in (("apple", "#e02020"), ("leaf", "#20b040"), ("sea", "#2060e0"))
] + [concepts.Concept("test", "box", "line", ("box", "case"), square("currentColor"))]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dataset.Latents, tokens.PromptTokens]:
    folder = tmp_path_factory.mktemp("illustrator")
    pixels = pictures.pictures(ICONS, folder / "pictures.npz")
    tokens.learn([n for icon in ICONS for n in icon.names] + captions.PHRASES, ["the", "tree"], 700, folder / "tokenizer")
    autoencoder.train(RECIPE, pixels, folder / "autoencoder.pt")
    model = autoencoder.load(RECIPE, folder / "autoencoder.pt")
    data = dataset.latents(model, ICONS, pixels, 64, 1, RECIPE.seed)
    return folder, data, tokens.PromptTokens(folder / "tokenizer", RECIPE.text.tokens)


def test_the_packages_give_only_known_styles_and_short_names() -> None:
    assert captions.article("apple") == "an apple" and captions.article("glasses") == "glasses"
    texts = {captions.caption(random.Random(seed), ICONS[3]) for seed in range(60)}
    assert any(text.endswith(captions.LINE_PRESET) for text in texts)
    assert any("case" in text for text in texts) and all("box" in text or "case" in text for text in texts)
    assert captions.caption(random.Random(1), ICONS[0], "blue").count("blue apple") == 1


def test_a_rendered_icon_keeps_a_white_edge_and_its_colour() -> None:
    pixels = pictures.render(square("#e02020"))
    assert pixels.shape == (pictures.SIDE, pictures.SIDE, 3)
    assert (pixels[0] == 255).all() and tuple(pixels[64, 64]) == (0xE0, 0x20, 0x20)


def test_colours_are_turned_and_named() -> None:
    red = pictures.render(square("#e02020"))
    hue = colours.main_hue(red)
    assert hue is not None and colours.colour_name(hue) == "red"
    blue = colours.turned(red, hue, "blue")
    assert blue[64, 64, 2] > 150 > blue[64, 64, 0] and (blue[0] == 255).all()
    assert colours.main_hue(pictures.render(square("#808080"))) is None
    line = colours.drawn_in(pictures.render(square("currentColor")), "green")
    assert tuple(line[64, 64]) == colours.LINES["green"] and (line[0] == 255).all()


def test_tokens_are_those_of_clips_tokenizer(made: tuple[Path, dataset.Latents, tokens.PromptTokens]) -> None:
    _, _, known = made
    other = CLIPTokenizer(str(known.folder / "vocab.json"), str(known.folder / "merges.txt"))
    for text in ("a red apple", "line icon of a box, line art", "the leaf's 12 trees", "naïve", ""):
        expected = other(text, padding="max_length", max_length=12, truncation=True)["input_ids"]
        assert known.ids(text) == expected
    assert len(known.word("apple")) == 1


def test_an_update_of_muon_has_adams_size() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(8, 4, 3, 3))
    muon = optimise.ConvolutionMuon([weight], lr=0.1)
    weight.grad = torch.randn(8, 4, 3, 3)
    muon.step()
    assert 0.5 < float(weight.detach().square().mean().sqrt()) / (0.1 * 0.2) < 2


def test_the_velocity_leads_back_to_the_latents() -> None:
    latents, noise, alphas = torch.randn(2, 4, 4, 4), torch.randn(2, 4, 4, 4), torch.tensor([0.9, 0.1])
    sample_, velocity = diffusion.noised(latents, noise, alphas)
    signal, strength = alphas.sqrt()[:, None, None, None], (1 - alphas).sqrt()[:, None, None, None]
    torch.testing.assert_close(signal * sample_ - strength * velocity, latents)


def test_the_autoencoder_learns_and_goes_on(made: tuple[Path, dataset.Latents, tokens.PromptTokens]) -> None:
    folder, data, _ = made
    torch.manual_seed(0)
    fresh = networks.autoencoder(RECIPE.autoencoder_shape)
    trained = autoencoder.load(RECIPE, folder / "autoencoder.pt")
    x = pictures.scaled(pictures.pictures(ICONS, folder / "pictures.npz"), 64)
    with torch.no_grad():
        before, after = (autoencoder.loss(model, x, 0)[1].item() for model in (fresh, trained))
    assert after < 0.8 * before
    first = state.load(folder / "autoencoder.pt")
    longer = replace(RECIPE, autoencoder=replace(RECIPE.autoencoder, steps=160))
    autoencoder.train(longer, (x * 127.5 + 127.5).byte(), folder / "autoencoder.pt")
    second = state.load(folder / "autoencoder.pt")
    assert first and second and (first["step"], second["step"]) == (150, 160) and second["elapsed"] > first["elapsed"]
    assert len(data.colours) >= 2 and len(data.mean) == len(ICONS) + len(data.colours)


def test_the_diffusion_learns_and_its_export_draws_the_same(made: tuple[Path, dataset.Latents, tokens.PromptTokens]) -> None:
    folder, data, known = made
    torch.manual_seed(0)
    meanings = torch.randn(len(known.vocabulary), RECIPE.text.width)
    drawer = diffusion.new_drawer(RECIPE, known, meanings)
    before = diffusion.measured(drawer, data, data.learnt, 0)
    diffusion.train(RECIPE, data, drawer, folder / "diffusion.pt")
    trained = diffusion.load(RECIPE, known, folder / "diffusion.pt")
    assert diffusion.measured(trained, data, data.learnt, 0) < 0.95 * before
    # Words' meanings stay as they were.
    torch.testing.assert_close(trained.text.get_input_embeddings().weight, meanings)
    model = autoencoder.load(RECIPE, folder / "autoencoder.pt")
    export.export(RECIPE, model, trained, data.scaling, known.folder, folder / "out")
    again = diffusion.new_drawer(RECIPE, known, None)
    export.load_exported(again, folder / "out")
    drawn = [sample.draw(each, ["a red apple"], 4, 2.0, 7) for each in (trained, again)]
    torch.testing.assert_close(drawn[0], drawn[1], atol=0.05, rtol=0.05)
    sample.sheet(model, drawn[0] / data.scaling, 1, folder / "sheet.png")
    assert (folder / "sheet.png").stat().st_size > 100


def test_the_exported_folder_is_a_pipeline_of_diffusers(made: tuple[Path, dataset.Latents, tokens.PromptTokens]) -> None:
    from diffusers import StableDiffusionPipeline

    folder, data, known = made
    if not (folder / "out").exists():
        pytest.skip("nothing was exported: the test before failed")
    pipeline = StableDiffusionPipeline.from_pretrained(folder / "out", torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    pictures_ = [
        pipeline("a red apple", num_inference_steps=4, guidance_scale=2.0, generator=torch.Generator().manual_seed(7), output_type="np").images[0]
        for _ in range(2)
    ]
    assert pictures_[0].shape == (64, 64, 3) and np.array_equal(pictures_[0], pictures_[1])


def test_one_command_runs_every_part_once_and_goes_on_from_what_it_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = replace(RECIPE, autoencoder=replace(RECIPE.autoencoder, steps=3), diffusion=replace(RECIPE.diffusion, steps=3))
    monkeypatch.setenv("MINI_GEMINI_TRAINING", str(tmp_path / "first"))
    monkeypatch.setattr(run, "fetch", lambda: tmp_path)
    monkeypatch.setattr(run, "concepts", lambda _: ICONS)
    monkeypatch.setattr(tokens, "common_words", lambda: ["the", "tree"])
    monkeypatch.setattr(tokens, "meanings", lambda known, width: torch.ones(len(known.vocabulary), width))
    out = tmp_path / "out"
    run.run(short, run.PARTS, None, out)
    card_ = (out / "README.md").read_text()
    assert "about 3 things by name" in card_ and "3 steps of\n4, diffusion 3 steps of 8" in card_ and "Lucide Contributors, ISC" in card_
    assert {path.name for path in out.iterdir()} == {
        "README.md", "model_index.json", "samples.png", "scheduler", "text_encoder", "tokenizer", "unet", "vae",
    }  # fmt: skip
    trained = (tmp_path / "first" / "illustrator" / "diffusion.pt").stat().st_mtime_ns
    run.run(short, run.PARTS, None, out)
    assert (tmp_path / "first" / "illustrator" / "diffusion.pt").stat().st_mtime_ns == trained

    # The caches are gone; what was exported is still there.
    monkeypatch.setenv("MINI_GEMINI_TRAINING", str(tmp_path / "second"))
    start = AutoencoderKL.from_pretrained(out / "vae").state_dict()
    run.run(short, run.PARTS, out, tmp_path / "later")
    later = AutoencoderKL.from_pretrained(tmp_path / "later" / "vae").state_dict()
    assert all(torch.equal(start[name], later[name]) for name in start)
    assert (tmp_path / "later" / "tokenizer" / "vocab.json").read_text() == (out / "tokenizer" / "vocab.json").read_text()
    assert not (tmp_path / "second" / "illustrator" / "autoencoder.pt").exists()
