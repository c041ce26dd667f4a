"""How answers are scored."""
from __future__ import annotations

import re

KIND_WORDS = {
    "code": r"\bcode\b|source code|\bdiff\b",
    "terminal": r"\bterminal\b|\bshell\b|command line|\bconsole\b",
    "chart": r"\bchart\b|\bplot\b|histogram|\bgraph\b",
    "diagram": r"diagram|flowchart",
    "ui": r"user interface|\bUI\b|\bform\b|dialog|dashboard|\bweb page\b|\bsettings screen\b|\bapp screen\b",
    "icon": r"\bicons?\b|\blogo\b",
    "document": r"\bdocument\b|\bslide\b|\binvoice\b|\bpage\b",
    "photo": r"\bphoto",
    "table": r"\btable\b",
}  # fmt: skip


def first_kind(answer: str) -> str | None:
    """The kind that an answer names first."""
    found = {kind: m.start() for kind, pattern in KIND_WORDS.items() if (m := re.search(pattern, answer, re.IGNORECASE))}
    return min(found, key=found.__getitem__) if found else None


def kind_accuracy(answer: str, kind: str) -> float:
    return float(first_kind(answer) == kind)


def tokens(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def text_recall(answer: str, lines: list[str], limit: int = 12) -> float:
    """Share of the visible lines (the first `limit` that hold a word) whose words are in the answer."""
    lines = [line for line in lines if tokens(line)][:limit]
    if not lines:
        return 1.0
    known = set(tokens(answer))
    hits = sum(sum(t in known for t in tokens(line)) >= 0.7 * len(tokens(line)) for line in lines)
    return hits / len(lines)


def value_recall(answer: str, values: list[str]) -> float:
    """Share of a chart's printed values that are in the answer."""
    numbers = re.findall(r"\d+(?:\.\d+)?", answer)
    return sum(value in numbers for value in values) / max(1, len(values))


def mermaid_edges(source: str) -> set[tuple[str, str]]:
    """Arrows of a Mermaid diagram as pairs of normalised labels."""
    names: dict[str, str] = {}
    edges = []
    clean = lambda text: re.sub(r"\W", "", text).lower()  # noqa: E731
    for line in source.split("\n"):
        flow = re.match(
            r"\s*(\w+)(?:[\[{(]+([^\]})]*)[\]})]+)?\s*-->\s*(?:\|([^|]*)\|)?\s*(\w+)(?:[\[{(]+([^\]})]*)[\]})]+)?", line
        )
        sequence = re.match(r"\s*(.+?)->>(.+?):", line)
        relation = re.match(r"\s*(\w+) \|\|--o\{ (\w+)", line)
        if flow:
            a, label_a, _, b, label_b = flow.groups()
            if label_a:
                names[a] = label_a
            if label_b:
                names[b] = label_b
            edges.append((a, b))
        elif sequence or relation:
            edges.append((sequence or relation).groups()[:2])  # type: ignore[union-attr]
    return {(clean(names.get(a, a)), clean(names.get(b, b))) for a, b in edges}


def edge_f1(answer: str, edges: list[tuple[str, str]]) -> float:
    """F1 of the arrows of a Mermaid answer."""
    clean = lambda text: re.sub(r"\W", "", text).lower()  # noqa: E731
    truth = {(clean(a), clean(b)) for a, b in edges}
    found = mermaid_edges(answer)
    return 2 * len(truth & found) / max(1, len(truth) + len(found))


def mentions(answer: str, text: str, share: float = 0.6) -> float:
    """1 when the answer holds at least `share` of the content words of `text`."""
    words = [t for t in tokens(text) if len(t) > 3]
    known = set(tokens(answer))
    return float(bool(words) and sum(w in known for w in words) >= share * len(words))
