"""Real images come out of git as listed, or it is said why not."""
from __future__ import annotations

import hashlib
import json
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training import real, real_images
from training.generator.labels import KINDS

LISTED = Path(real.__file__).parent


def picture(colour: str) -> bytes:
    data = BytesIO()
    Image.new("RGB", (80, 70), colour).save(data, "PNG")
    return data.getvalue()


@pytest.fixture()
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A small repository `someone/pictures` whose pinned commit is not its newest, and the list's entry for it."""
    folder = tmp_path / "public" / "someone" / "pictures"
    (folder / "docs").mkdir(parents=True)

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    files = {"docs/red one.png": picture("red"), "blue.png": picture("blue"), "large.bin": bytes(1000)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    git("add", ".")
    git("commit", "--quiet", "-m", "Pictures")
    commit = git("rev-parse", "HEAD")
    (folder / "blue.png").write_bytes(picture("green"))
    git("commit", "--quiet", "-am", "Green now")
    monkeypatch.setenv("MINI_GEMINI_REPOSITORIES", (tmp_path / "public").as_uri() + "/{owner}/{name}")
    images = [
        {"file": f"someone+pictures-{index}.png", "path": name, "sha256": hashlib.sha256(files[name]).hexdigest(), "kind": "icon"}
        for index, name in enumerate(["docs/red one.png", "blue.png"])
    ]
    return {"repo": "someone/pictures", "commit": commit, "licence": "MIT", "images": images}


def fetch(tmp_path: Path, *sources: dict[str, Any]) -> real.Fetched:
    (tmp_path / "list.json").write_text(json.dumps(sources))
    return real.fetch(tmp_path / "list.json", tmp_path / "images", tmp_path / "git")


def test_images_are_those_of_the_pinned_commit(tmp_path: Path, source: dict[str, Any]) -> None:
    found = fetch(tmp_path, source)
    assert found.problems == []
    assert [(r["file"], r["repo"], r["licence"]) for r in found.records] == [
        ("someone+pictures-0.png", "someone/pictures", "MIT"),
        ("someone+pictures-1.png", "someone/pictures", "MIT"),
    ]
    assert (tmp_path / "images" / "someone+pictures-1.png").read_bytes() == picture("blue")


def test_only_what_is_listed_is_fetched(tmp_path: Path, source: dict[str, Any]) -> None:
    fetch(tmp_path, source)
    clone = tmp_path / "git" / "someone+pictures"
    objects = subprocess.run(["git", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)"], cwd=clone,
                             check=True, capture_output=True, text=True).stdout.splitlines()  # fmt: skip
    assert sum(line.startswith("blob") for line in objects) == 2
    assert "blob 1000" not in objects


def test_what_is_there_is_not_fetched_again(tmp_path: Path, source: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(tmp_path, source)
    monkeypatch.setenv("MINI_GEMINI_REPOSITORIES", (tmp_path / "nowhere").as_uri() + "/{owner}/{name}")
    assert len(fetch(tmp_path, source).records) == 2
    (tmp_path / "images" / "someone+pictures-0.png").write_bytes(b"cut off")
    found = fetch(tmp_path, source)
    assert [r["file"] for r in found.records] == ["someone+pictures-1.png"]
    assert found.problems[0].startswith("someone/pictures: ")


def test_a_changed_or_missing_file_is_told_and_left_out(tmp_path: Path, source: dict[str, Any]) -> None:
    source["images"][0]["sha256"] = "0" * 64
    source["images"][1]["path"] = "gone.png"
    found = fetch(tmp_path, source)
    assert found.records == []
    assert "not the file that was labelled" in found.problems[0]
    assert "gone.png" in found.problems[1]
    assert list((tmp_path / "images").iterdir()) == []


def test_a_list_cannot_write_elsewhere(tmp_path: Path, source: dict[str, Any]) -> None:
    for file in ("../outside.png", "/outside.png", ".hidden", "a/b.png"):
        source["images"][0]["file"] = file
        with pytest.raises(ValueError, match="not a file name"):
            fetch(tmp_path, source)
    source["images"][0]["file"] = "fine.png"
    with pytest.raises(ValueError, match="not a repository"):
        fetch(tmp_path, {**source, "repo": "--upload-pack=touch/x"}, {**source, "commit": "main"})


def test_the_lists_are_sound_and_apart() -> None:
    licences = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "CC-BY-4.0", "Zlib", "HPND"}
    repositories, digests, kinds, files = {}, {}, {}, set()
    for split, name in real.LISTS.items():
        sources = real.read_list(LISTED / name)
        images = [image for source in sources for image in source["images"]]
        assert all(set(source["licence"].split(" OR ")) <= licences for source in sources)
        assert not files & {image["file"] for image in images} and len({image["file"] for image in images}) == len(images)
        files |= {image["file"] for image in images}
        repositories[split] = {source["repo"] for source in sources}
        digests[split] = {image["sha256"] for image in images}
        kinds[split] = {image.get("kind") for image in images}
    assert kinds["train"] == kinds["test"] == set(KINDS) and kinds["unlabelled"] == {None}
    for split in ("train", "unlabelled"):
        assert not repositories[split] & repositories["test"]
        assert not digests[split] & digests["test"]


def test_test_images_are_read_with_their_truth(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "a.png").write_bytes(picture("red"))
    record = {"file": "a.png", "kind": "terminal", "facts": ["red"], "key": "E1", "fix": "turn it off"}
    (tmp_path / "test.json").write_text(json.dumps([record]))
    (tmp_path / "ocr.json").write_text(json.dumps({"a.png": {"size": [4, 4], "lines": [{"text": t, "box": [0, 0, 1, 1]} for t in ("one", "two")]}}))
    (image,) = real_images.load(tmp_path)
    assert (image.kind, image.ocr, image.facts, image.key, image.fix) == ("terminal", "one, two", ["red"], "E1", "turn it off")
    assert image.image.size == (80, 70)
    assert real_images.load(tmp_path / "none") == []
