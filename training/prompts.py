"""The prompt the checkpoint sees: `chatml_direct` with MGM's OCR and generation options."""
from __future__ import annotations

from dataclasses import dataclass, field

from . import language_model
from .language_model import END, encode

SYSTEM = f"<|im_start|>system\nAnswer the questions.{END}"
USER = "<|im_start|>user\n"
ASSISTANT = f"{END}<|im_start|>assistant\n"
IMAGE = "<image>"
IGNORE = -100
OCR_TOKENS = 340
"""Most tokens of OCR text in a prompt: longer texts lose their middle."""
VISIBLE = "Visible text:"
"""Last line of an answer that quotes the image: the engine writes what the recogniser read after it."""
KNOWN_ERROR = "Known error:"
"""Last line of an answer below which the engine explains the error; also what the prompt tells of one."""


@dataclass
class Turn:
    """A question and its answer."""

    question: str
    answer: str
    task: str = ""


@dataclass
class Conversation:
    """Turns about one image (or none), with the OCR text the first user turn is told."""

    turns: list[Turn]
    ocr: str = ""
    has_image: bool = True
    generate: bool = False
    known_error: str = ""
    facts: dict[str, object] = field(default_factory=dict)


@dataclass
class Encoded:
    """Ids before and after the visual tokens; labels belong to `after`."""

    before: list[int]
    after: list[int]
    labels: list[int]


def user_text(question: str, ocr: str = "", generate: bool = False, known_error: str = "") -> str:
    """A user message with the OCR part, an error of the built-in list found in it, and ` <GEN>` in the engine's order."""
    text = question
    if ocr:
        text += f"\nReference OCR Token: {ocr}\n"
        if known_error:
            text += f"{KNOWN_ERROR} {known_error}\n"
    if generate:
        text += " <GEN>"
    return text


def quoting(answer: str, ocr: str) -> str:
    """The answer as a person sees it: the mark followed by what was read."""
    return f"{answer}\n{ocr}" if answer.endswith(VISIBLE) else answer


def clip_ocr(ocr: str, tokens: int) -> str:
    """Keep the first and last lines of a long OCR text within `tokens`."""
    if len(encode(ocr)) <= tokens:
        return ocr
    lines = ocr.split(", ")
    head: list[str] = []
    tail: list[str] = []
    used = 0
    while lines:
        line = lines.pop(0) if len(head) <= 2 * len(tail) else lines.pop()
        used += len(encode(line + ", "))
        if used > tokens:
            break
        (head if len(head) <= 2 * len(tail) else tail).append(line)
    return ", ".join(head + tail[::-1])


def encode_prompt(
    question: str, ocr: str, has_image: bool = True, generate: bool = False, known_error: str = ""
) -> tuple[list[int], list[int]]:
    """Ids before and after the visual tokens of a first turn, up to where the answer starts."""
    text = user_text(question, ocr, generate, known_error)
    if has_image:
        return encode(SYSTEM + USER), encode("\n" + text + ASSISTANT)
    return [], encode(SYSTEM + USER + text + ASSISTANT)


def encode_conversation(
    conversation: Conversation, max_tokens: int, ocr_tokens: int, answer_tokens: int = 260
) -> Encoded:
    """Training ids; turns that no longer fit in `max_tokens` are left out."""
    first = conversation.turns[0]
    ocr = clip_ocr(conversation.ocr, ocr_tokens) if conversation.ocr else ""
    before, after = encode_prompt(
        first.question, ocr, conversation.has_image, conversation.generate, conversation.known_error
    )
    labels = [IGNORE] * len(after)
    end = language_model.tokenizer().token_to_id(END)
    for index, turn in enumerate(conversation.turns):
        prompt = encode(USER + turn.question + ASSISTANT) if index else []
        answer = encode(turn.answer)[:answer_tokens] + [end]
        if index and len(after) + len(prompt) + len(answer) > max_tokens:
            break
        after = after + prompt + answer
        labels = labels + [IGNORE] * len(prompt) + answer
    return Encoded(before, after, labels)
