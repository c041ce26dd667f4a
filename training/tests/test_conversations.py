"""Prompts as the engine writes them, and answers that mark a quote in place of copying it."""
from __future__ import annotations

import random

from PIL import Image

from training import metrics
from training.data import collate, group
from training.generator import render
from training.language_model import decode, encode
from training.llava import parse
from training.main_colours import main_colours
from training.prompts import IGNORE, KNOWN_ERROR, VISIBLE, Conversation, Turn, clip_ocr, encode_conversation, encode_prompt, quoting
from training.real_talk import RealTalk
from training.tasks import about_image, conversation


def test_prompt_is_chatml_with_the_references_options() -> None:
    before, after = encode_prompt("What?", "a, b", generate=True)
    assert decode(before) == "system\nAnswer the questions.user\n"
    assert decode(after) == "\nWhat?\nReference OCR Token: a, b\n <GEN>assistant\n"


def test_only_answers_are_learnt() -> None:
    encoded = encode_conversation(Conversation([Turn("Q", "A one"), Turn("R", "A two")], ocr="text"), 300, 100)
    learnt = [label for label in encoded.labels if label != IGNORE]
    assert learnt == [*encode("A one"), 2, *encode("A two"), 2]
    assert len(encoded.labels) == len(encoded.after)


def test_long_text_keeps_both_ends() -> None:
    lines = [f"line number {i}" for i in range(200)]
    kept = clip_ocr(", ".join(lines), 100).split(", ")
    assert kept[0] == lines[0] and kept[-1] == lines[-1] and len(kept) < 40


def test_text_is_marked_and_not_copied() -> None:
    for seed in range(40):
        sample = render(seed)
        talk = conversation(random.Random(seed), sample)
        for turn in talk.turns:
            if talk.ocr and turn.task in ("text", "transcribe"):
                assert turn.answer == VISIBLE
            if talk.ocr and talk.has_image and turn.task == "explain":
                assert turn.answer.endswith(f"\n{VISIBLE}")
            if not talk.ocr:
                assert VISIBLE not in turn.answer


def test_a_known_error_is_named_and_left_to_the_list() -> None:
    """What the list knows the model only names; what it does not know the model explains itself."""
    known = unknown = 0
    for seed in range(120):
        talk = about_image(random.Random(seed), render(seed, kind="terminal"), 4)
        prompt = decode(encode_conversation(talk, 2000, 2000).after)
        assert (f"\n{KNOWN_ERROR} {talk.known_error}\n" in prompt) == bool(talk.known_error)
        assert not any(turn.task.startswith("known") or not turn.question for turn in talk.turns)
        for turn in talk.turns:
            if turn.task == "error" and talk.known_error:
                assert turn.answer.endswith(f"\n{KNOWN_ERROR}") and "ix it" not in turn.answer
                known += 1
            elif turn.task == "error":
                assert KNOWN_ERROR not in turn.answer
                unknown += 1
    assert known > 3 and unknown > 3


def test_a_real_image_with_a_known_error() -> None:
    lines = ["npm start", 'npm ERR! Missing script: "start"']
    talk = RealTalk().conversation(random.Random(4), {"file": "a", "kind": "terminal"}, lines, Image.new("RGB", (64, 64)))
    answer = next(turn.answer for turn in talk.turns if turn.task == "error")
    assert talk.known_error == "npm missing script"
    assert "Missing script" in answer and answer.endswith(f"\n{KNOWN_ERROR}")


def test_quoting_adds_what_was_read() -> None:
    assert quoting(f"A sign.\n{VISIBLE}", "STOP") == f"A sign.\n{VISIBLE}\nSTOP"
    assert quoting("A sign.", "STOP") == "A sign."


def test_a_real_image_without_explanation_is_told_by_kind_and_text() -> None:
    talk = RealTalk().conversation(random.Random(4), {"file": "a", "kind": "terminal"}, ["npm test", "1 failed", "42"], Image.new("RGB", (64, 64)))
    told = next(turn.answer for turn in talk.turns if turn.task == "explain")
    assert "terminal" in told and '"npm test"' in told and told.endswith(VISIBLE) and "42" not in told


def test_what_is_told_by_its_look_names_its_colours() -> None:
    picture = Image.new("RGB", (90, 60), (20, 60, 220))
    picture.paste((255, 255, 255), (0, 0, 90, 20))
    assert main_colours(picture) == ["blue", "white"]
    talk = RealTalk().conversation(random.Random(4), {"file": "a", "kind": "photo"}, [], picture)
    told = next(turn.answer for turn in talk.turns if turn.task == "explain")
    assert told.endswith("Its main colours are blue and white. There is no readable text.")


def test_batches_are_padded_and_hold_everything() -> None:
    from training.data import from_conversation

    examples = [from_conversation(Conversation([Turn("Q", "A " * n)], has_image=False), None) for n in (1, 30, 5, 60)]
    batches = group(examples, 256, 0)
    assert sum(len(batch.ids) for batch in batches) == 4
    assert all((batch.labels != IGNORE).any(1).all() for batch in batches)
    assert collate(examples).ids.shape[1] % 32 == 0


def test_published_records_are_read_with_their_options() -> None:
    record = {"image": "x.png", "conversations": [
        {"from": "human", "value": "<image>\nWhat?\nReference OCR Token: a, b\n <GEN>"},
        {"from": "gpt", "value": "It is <h>a cat</h>"},
    ]}  # fmt: skip
    talk, name = parse(record)
    assert (name, talk.generate, talk.ocr, talk.turns[0].question) == ("x.png", True, "a, b", "What?")


def test_metrics() -> None:
    assert metrics.first_kind("This is a screenshot of a terminal with a chart") == "terminal"
    assert metrics.text_recall("run npm test now", ["npm test", "failed hard"]) == 0.5
    assert metrics.edge_f1("flowchart LR\n A[One] --> B[Two]", [("One", "Two"), ("Two", "Three")]) == 2 / 3
    assert metrics.value_recall("| a | 4.5 |", ["4.5", "7"]) == 0.5
