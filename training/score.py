"""`python -m training.score TEST.json ANSWERS.json …`: figures of answers that the product gave (bench/answers.ts)."""
from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from . import metrics
from .prompts import VISIBLE


def fact_named(fact: str, answer: str) -> bool:
    """Whether the answer holds the fact: its words, in any order, or its figures."""
    words = metrics.tokens(fact)
    known = set(metrics.tokens(answer))
    return bool(words) and sum(word in known for word in words) >= 0.7 * len(words)


def score(records: list[dict[str, Any]], answers: list[dict[str, Any]]) -> dict[str, float]:
    """Averages by metric; "own" ones leave out what the engine quoted."""
    given = {(a["file"], a["task"]): a for a in answers}
    scores: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        scores.setdefault(name, []).append(value)

    for record in records:
        explain = given.get((record["file"], "explain"))
        if explain is None:
            continue
        text = explain["answer"]
        own = re.split(rf"(?:^|\n){VISIBLE}", text)[0]
        add("kind", metrics.kind_accuracy(own, record["kind"]))
        add(f"kind of {record['kind']}", metrics.kind_accuracy(own, record["kind"]))
        add("seconds", explain["seconds"])
        if record.get("visible"):
            add("visible text", metrics.text_recall(text, record["visible"]))
        for fact in record.get("facts", []):
            add("facts", float(fact_named(fact, text)))
            add("facts in own words", float(fact_named(fact, own)))
        error = given.get((record["file"], "error"))
        if error is not None:
            add("error named", float(fact_named(record["key"], error["answer"])))
            add("fix named", metrics.mentions(error["answer"], record["fix"], 0.5))
    return {name: round(sum(values) / len(values), 3) for name, values in scores.items()}


def main() -> None:
    records = json.loads(Path(sys.argv[1]).read_text())
    for path in sys.argv[2:]:
        print(path, json.dumps(score(records, json.loads(Path(path).read_text())), indent=1))


if __name__ == "__main__":
    main()
