"""English helpers and the many ways a user words a task."""
from __future__ import annotations

import random
from collections.abc import Sequence

_NUMBERS = "zero one two three four five six seven eight nine ten".split()


def number_word(count: int) -> str:
    return _NUMBERS[count] if 0 <= count <= 10 else str(count)


def plural(count: int, word: str) -> str:
    """`two boxes`, `one box`."""
    if count == 1:
        return f"one {word}"
    ending = "es" if word.endswith(("x", "ch", "s", "sh")) else "s"
    return f"{number_word(count)} {word}{ending}"


def listing(items: Sequence[object]) -> str:
    texts = [str(item) for item in items]
    if not texts:
        return "none"
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def quoted(items: Sequence[object]) -> str:
    return listing([f'"{item}"' for item in items])


def code_list(items: Sequence[str]) -> str:
    return listing([f"`{item}`" for item in items])


def article(noun: str) -> str:
    if noun[:3].lower() in ("use", "uni") or noun[:2] in ("UI", "US"):
        return f"a {noun}"
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


QUESTIONS: dict[str, list[str]] = {
    "explain": [
        "Explain this image.", "Describe this image.", "What is in this image?", "What does this screenshot show?",
        "Explain what you see.", "Summarise the image.", "What am I looking at?", "Can you explain this picture?",
        "Explain this image in a few sentences.", "What is this?", "Tell me about this image.",
        "What does this show?", "Describe what is shown here.", "Explain the screenshot.",
        "Give me a short description of this image.", "explain", "What can you see?",
        "Explain this image: what kind it is, what it shows, and the important details.",
        "Describe the image in detail.", "What is going on in this picture?",
    ],
    "alt": [
        "Write alt text for this image.", "Give a one-line alt text.", "Write a short caption.", "Alt text, please.",
        "Write one line of alt text for this image.", "Alt text for a README.", "Caption this image in one line.",
        "Suggest an accessible alternative text.", "Describe this image in one short sentence.",
    ],
    "kind": [
        "What kind of image is this?", "What type of image is this?", "What sort of picture is it?",
        "Is this code, a terminal, a chart, a diagram, a UI, an icon, a table, a document or a photo?",
        "Classify this image.",
    ],
    "language": [
        "Which programming language is this?", "What language is the code written in?", "What language is this?",
        "Which language is used here?", "Name the programming language.",
    ],
    "text": [
        "What text is in this image?", "Read the text in the image.", "Transcribe the text.", "What does it say?",
        "List the visible text.", "Extract the text from this image.", "Which words can be read?",
        "Write out all text you can see.",
    ],
    "error": [
        "What is the error and how do I fix it?", "Why does this fail?", "What went wrong here?",
        "How can I fix this error?", "What does this error mean?", "Explain the error.", "How do I fix this?",
        "What is the problem here?", "Help me with this error.", "What is the likely fix?",
    ],
    "mermaid": [
        "Convert this diagram to Mermaid.", "Write this diagram as Mermaid code.",
        "Give me the Mermaid source for this diagram.", "Turn this into Mermaid.", "Mermaid, please.",
        "Reproduce the diagram in Mermaid.", "Draw this diagram as Mermaid text.",
    ],
    "chart_table": [
        "Convert this chart to a table.", "Extract the data as a Markdown table.", "Give me the chart's values as a table.",
        "Turn the chart into a Markdown table.", "What are the values? Answer with a table.",
    ],
    "table_markdown": [
        "Convert this table to Markdown.", "Extract the table.", "Write this table in Markdown.",
        "Turn the table into Markdown.", "Give me the table as text.",
    ],
    "transcribe": [
        "Write out the code in this image.", "Extract the code from this screenshot.", "Transcribe the code.",
        "Give me the code as text.", "Copy the code from the image.",
    ],
    "theme": ["Is it a dark or a light theme?", "Dark or light theme?", "Which theme is used, dark or light?"],
}  # fmt: skip
HELDOUT_QUESTIONS: dict[str, list[str]] = {
    "explain": ["Please walk me through this image.", "Describe the picture for a colleague."],
    "alt": ["I need a brief alt attribute.", "One-line image description, please."],
    "kind": ["What category of image am I looking at?"],
    "language": ["In which language was this written?"],
    "text": ["Please read out what is written here."],
    "error": ["Something failed: what happened and what should I do?"],
    "mermaid": ["I want this as a Mermaid diagram."],
    "chart_table": ["List the charted numbers in table form."],
    "table_markdown": ["I need this table as Markdown source."],
    "transcribe": ["Type out the program shown here."],
    "theme": ["Does it use dark mode or light mode?"],
}


def question(rng: random.Random, task: str, split: str) -> str:
    """One wording of a task."""
    return rng.choice((HELDOUT_QUESTIONS if split == "heldout" else QUESTIONS)[task])
