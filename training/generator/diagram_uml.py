"""Sequence, class and entity-relationship diagrams."""
from __future__ import annotations

import random

from ..prompts import Turn
from .canvas import Canvas, contrast, mix
from .diagram import Style, arrow, make_style
from .drawing import Drawing
from .fonts import bold, font
from .labels import KINDS, SUBKINDS
from .phrasing import article, listing, plural, question
from .words import Words, capital

ACTORS = ["User", "Client", "Browser", "Server", "API", "Database", "Auth", "Cache", "Worker", "Queue", "Payment", "Mailer", "Frontend", "Backend", "Gateway"]
FIELDS = "id name email title price total status date count type owner active code amount".split()


def _labels(sort: str, style: Style, count: int) -> dict[str, int]:
    return {"kind": KINDS.index("diagram"), "subkind": SUBKINDS.index(sort), "theme": int(style.dark), "count": count}


def sequence(rng: random.Random, words: Words, split: str) -> Drawing:
    style = make_style(rng)
    people = rng.sample(ACTORS + words.names(4), rng.randint(2, 4))
    gap = rng.randint(150, 230)
    number = rng.randint(3, 7)
    height = 110 + number * 44
    canvas = Canvas(rng, gap * len(people) + 20, height, style.background)
    centre = lambda i: gap * (i + 0.5) + 10  # noqa: E731
    for index, name in enumerate(people):
        x = centre(index)
        canvas.draw.line((x, 60, x, height - 14), fill=mix(style.line, style.background, 0.5))
        canvas.rectangle(x - 60, 16, x + 60, 56, fill=style.fill, outline=style.outline, radius=5, width=2)
        canvas.box("node", x - 60, 16, x + 60, 56)
        canvas.text(x, 36, name, font(style.path, style.size), contrast(style.fill), anchor="mm")
    messages: list[tuple[str, str, str]] = []
    for index in range(number):
        a = rng.randrange(len(people))
        b = rng.choice([i for i in range(len(people)) if abs(i - a) == 1] if rng.random() < 0.8 else [i for i in range(len(people)) if i != a])
        text = rng.choice([f"{words.verb()} {words.noun()}", "200 OK", "response", words.verb(), f"GET /{words.noun()}", f"POST /{words.noun()}", f"{words.verb()}()"])
        y = 90 + index * 44
        arrow(canvas, (centre(a), y), (centre(b), y), style.line)
        canvas.text((centre(a) + centre(b)) / 2, y - 4, text, font(style.path, style.size - 2), style.ink, anchor="mb")
        messages.append((people[a], people[b], text))
    source = "sequenceDiagram" + "".join(f"\n    {a}->>{b}: {text}" for a, b, text in messages)
    told = [f'"{text}" from {a} to {b}' for a, b, text in messages]
    turns = [
        Turn(question(rng, "explain", split), f"This image is a sequence diagram with {plural(len(people), 'participant')}: {listing(people)}. It has {plural(number, 'message')}: {listing(told)}.", "explain"),
        Turn(question(rng, "mermaid", split), f"```mermaid\n{source}\n```", "mermaid"),
        Turn(question(rng, "alt", split), f"Sequence diagram between {listing(people)} with {plural(number, 'message')}", "alt"),
        Turn(rng.choice(["How many participants are there?", "Who takes part?"]), f"There are {len(people)} participants: {listing(people)}.", "count"),
        Turn(rng.choice(["What is the first message?", "How does the sequence start?"]), f'It starts with "{messages[0][2]}" from {messages[0][0]} to {messages[0][1]}.', "next"),
        Turn("What kind of diagram is this?", "It is a sequence diagram.", "diagram_type"),
    ]  # fmt: skip
    facts = {"edges": [(a, b) for a, b, _ in messages], "nodes": people}
    return Drawing(canvas, "diagram", _labels("sequence", style, len(people)), turns, facts, "a diagram: a sequence diagram")


def classes(rng: random.Random, words: Words, split: str) -> Drawing:
    """Class diagram or entity-relationship diagram."""
    sort = rng.choice(["class", "er"])
    style = make_style(rng)
    names = words.names(rng.randint(2, 4))
    types = ["string", "int", "bool", "Date", "float"] if sort == "class" else ["INT", "VARCHAR", "DATE", "BOOL"]
    members = [[(name, rng.choice(types)) for name in rng.sample(FIELDS, rng.randint(2, 4))] for _ in names]
    columns = 2
    line, width, gap = style.size * 1.6, max(170, style.size * 11), 72
    box_height = line * 6
    rows = (len(names) + 1) // columns
    canvas = Canvas(rng, columns * width + (columns + 1) * gap, rows * (box_height + 50) + 50, style.background)
    centres = [(gap + width / 2 + (i % columns) * (width + gap), 50 + box_height / 2 + (i // columns) * (box_height + 50)) for i in range(len(names))]
    pairs = [(i, i + 1) for i in range(len(names) - 1)]
    for a, b in pairs:
        p, q = centres[a], centres[b]
        if abs(p[1] - q[1]) < 5:
            arrow(canvas, (p[0] + width / 2, p[1] - box_height * 0.2), (q[0] - width / 2, q[1] - box_height * 0.2), style.line, 2, 12)
        else:
            arrow(canvas, (p[0] - width / 4, p[1] + box_height * 0.3), (q[0] + width / 4, q[1] - box_height / 2 + 10), style.line, 2, 12)
    for (x, y), name, fields in zip(centres, names, members):
        top = y - box_height / 2 + 8
        box = (x - width / 2, top, x + width / 2, top + line * (len(fields) + 1.6))
        canvas.rectangle(*box, fill=style.background, outline=style.outline, radius=3, width=2)
        canvas.draw.rectangle((box[0] + 1, top + 1, box[2] - 1, top + line), fill=style.fill)
        canvas.draw.line((box[0], top + line, box[2], top + line), fill=style.outline)
        canvas.box("node", *box)
        canvas.text(x, top + line / 2, name, font(bold(style.path), style.size), contrast(style.fill), anchor="mm")
        for index, (field, kind) in enumerate(fields):
            text = f"+ {field}: {kind}" if sort == "class" else f"{field} {kind}"
            canvas.text(box[0] + 10, top + line * (index + 1.2), text, font(style.path, style.size - 1), style.ink)
    body = ""
    for name, fields in zip(names, members):
        rows_ = "".join(f"\n        {kind} {field}" for field, kind in fields)
        body += f"\n    {'class ' if sort == 'class' else ''}{name} {{{rows_}\n    }}"
    relation, suffix = ("-->", "") if sort == "class" else ("||--o{", " : has")
    body += "".join(f"\n    {names[a]} {relation} {names[b]}{suffix}" for a, b in pairs)
    title = "class diagram" if sort == "class" else "entity relationship diagram"
    unit = "classes" if sort == "class" else "tables"
    told = " ".join(f"{name} has the fields {listing([f for f, _ in fields])}." for name, fields in zip(names, members))
    pick = rng.randrange(len(names))
    turns = [
        Turn(question(rng, "explain", split), f"This image is {article(title)} with {plural(len(names), 'class' if sort == 'class' else 'table')}: {listing(names)}. {told} Arrows connect {listing([f'{names[a]} to {names[b]}' for a, b in pairs])}.", "explain"),
        Turn(question(rng, "mermaid", split), f"```mermaid\n{'classDiagram' if sort == 'class' else 'erDiagram'}{body}\n```", "mermaid"),
        Turn(question(rng, "alt", split), f"{capital(title)} of {listing(names)}", "alt"),
        Turn(f"How many {unit} are there?", f"There are {len(names)} {unit}.", "count"),
        Turn(rng.choice([f"Which fields does {names[pick]} have?", f"What are the attributes of {names[pick]}?"]), f"{names[pick]} has {listing([f for f, _ in members[pick]])}.", "fields"),
        Turn("What kind of diagram is this?", f"It is {article(title)}.", "diagram_type"),
    ]  # fmt: skip
    facts = {"edges": [(names[a], names[b]) for a, b in pairs], "nodes": names}
    return Drawing(canvas, "diagram", _labels(sort, style, len(names)), turns, facts, f"a diagram: {article(title)}")
