"""Documents (pages, slides, invoices) and tables."""
from __future__ import annotations

import random

from ..prompts import Turn
from .canvas import PALETTE, Canvas, Colour, contrast, mix, wrap
from .drawing import Drawing
from .fonts import bold, family, font
from .labels import COLOURS, KINDS, SUBKINDS
from .phrasing import listing, plural, question
from .words import Words, capital

SECTIONS = ["Introduction", "Overview", "Installation", "Usage", "Configuration", "API", "Examples", "Limits", "License", "Security", "Testing", "Deployment", "Summary", "Background", "Results"]
COLUMNS = ["Name", "Price", "Status", "Date", "Count", "Owner", "City", "Version", "Size", "Type", "Score", "Email"]


def _title(rng: random.Random, words: Words) -> str:
    return rng.choice([f"{capital(words.noun())} {rng.choice(['guide', 'manual', 'policy', 'design', 'notes', 'specification', 'tutorial', 'report'])}",
                       f"How to {words.verb()} a {words.noun()}", f"{capital(words.noun())} service", f"Release notes {words.variables()['version']}"])  # fmt: skip


def _page(rng: random.Random, words: Words, background: Colour, ink: Colour, path: str, size: int) -> tuple[Canvas, str, str, str, list[Turn], int]:
    title = _title(rng, words)
    canvas = Canvas(rng, rng.randint(600, 900), rng.randint(450, 1100), background)
    face, head = font(path, size), font(bold(path), int(size * 1.25))
    canvas.text(50, 40, title, font(bold(path), int(size * 1.7)), ink)
    y = 40 + size * 3.0
    names = rng.sample(SECTIONS, 4)
    shown: list[str] = []
    said: list[str] = []
    for name in names:
        if y > canvas.height - size * 6:
            break
        shown.append(name)
        canvas.text(50, y, name, head, ink)
        y += size * 2.2
        if rng.random() < 0.35:
            points = [f"{capital(words.verb())} the {words.noun()}" for _ in range(rng.randint(2, 4))]
            said.append(f"{name} lists {listing(points)}.")
            for point in points:
                canvas.draw.ellipse((56, y + size * 0.4, 61, y + size * 0.4 + 5), fill=ink)
                canvas.text(72, y, point, face, ink)
                y += size * 1.6
        else:
            sentences = [words.sentence() for _ in range(rng.randint(1, 3))]
            said.append(f'{name} says: "{sentences[0]}"')
            for line in wrap(" ".join(sentences), face, canvas.width - 100):
                if y < canvas.height - size * 2:
                    canvas.text(50, y, line, face, ink)
                    y += size * 1.55
        y += size
    text = f'This image is a document page titled "{title}". It has {plural(len(shown), "section")}: {listing(shown)}. {" ".join(said[:3])}'
    turns = [Turn("Which sections does the document have?", f"{listing(shown)}.", "sections"), Turn("What is it about?", f'It is a document titled "{title}" with the sections {listing(shown)}.', "title")]
    return canvas, text, title, f'Document page titled "{title}"', turns, len(shown)


def _slide(rng: random.Random, words: Words, background: Colour, ink: Colour, path: str) -> tuple[Canvas, str, str, str, list[Turn], int]:
    title = _title(rng, words)
    width = rng.randint(700, 1200)
    canvas = Canvas(rng, width, width * 0.5625, background)
    accent = PALETTE[rng.choice(COLOURS)]
    banner = rng.random() < 0.5
    canvas.draw.rectangle((0, 0, width, canvas.height * 0.18) if banner else (0, 0, width * 0.03, canvas.height), fill=accent)
    size = int(width / 42)
    canvas.text(width * 0.06, canvas.height * 0.05, title, font(bold(path), int(size * 1.6)), contrast(accent) if banner else ink)
    points = [f"{capital(words.verb())} the {words.noun()}" for _ in range(rng.randint(2, 5))]
    for index, point in enumerate(points):
        y = canvas.height * 0.28 + index * size * 2.2
        canvas.draw.ellipse((width * 0.07, y + size * 0.35, width * 0.07 + 8, y + size * 0.35 + 8), fill=accent)
        canvas.text(width * 0.1, y, point, font(path, size), ink)
    text = f'This image is a presentation slide, a document titled "{title}", with {plural(len(points), "bullet point")}: {listing(points)}.'
    turns = [Turn("What are the bullet points?", "\n".join(f"- {p}" for p in points), "bullets")]
    return canvas, text, title, f'Slide titled "{title}"', turns, len(points)


def _invoice(rng: random.Random, words: Words, background: Colour, ink: Colour, path: str, size: int) -> tuple[Canvas, str, str, str, list[Turn], int]:
    rows = [(name, rng.randint(1, 9), rng.randint(3, 200)) for name in words.names(rng.randint(2, 5))]
    number, date = rng.randint(1000, 9999), f"2024-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"
    width = rng.randint(560, 760)
    canvas = Canvas(rng, width, 330 + len(rows) * 34, background)
    face, head = font(path, size), font(bold(path), size)
    canvas.text(40, 36, f"Invoice #{number}", font(bold(path), int(size * 1.7)), ink)
    canvas.text(40, 80, f"Date: {date}", face, ink)
    y = 130
    for x, text in ((40, "Item"), (width * 0.55, "Qty"), (width * 0.75, "Price")):
        canvas.text(x, y, text, head, ink)
    canvas.draw.line((40, y + 24, width - 40, y + 24), fill=ink)
    y += 34
    for name, quantity, price in rows:
        canvas.text(40, y, name, face, ink)
        canvas.text(width * 0.55, y, str(quantity), face, ink)
        canvas.text(width * 0.75, y, f"${price}.00", face, ink)
        y += 34
    total = sum(quantity * price for _, quantity, price in rows)
    canvas.text(width * 0.55, y + 10, "Total", head, ink)
    canvas.text(width * 0.75, y + 10, f"${total}.00", head, ink)
    told = [f"{quantity} {name} at ${price}.00" for name, quantity, price in rows]
    text = f"This image is a document: invoice #{number}, dated {date}, with {plural(len(rows), 'item')}: {listing(told)}. The total is ${total}.00."
    turns = [Turn("What is the total?", f"The total is ${total}.00.", "value"), Turn("What is the date?", f"The date is {date}.", "value")]
    return canvas, text, f"Invoice #{number}", f"Invoice #{number} with a total of ${total}.00", turns, len(rows)


def document(rng: random.Random, words: Words, split: str) -> Drawing:
    sort = rng.choices(["page", "slide", "invoice"], [5, 3, 2])[0]
    dark = rng.random() < 0.15
    background: Colour = (28, 28, 30) if dark else rng.choice([(255, 255, 255)] * 3 + [(252, 250, 244)])
    ink: Colour = (225, 225, 225) if dark else (30, 30, 30)
    path, size = rng.choice(family("sans") + family("serif")), rng.randint(13, 18)
    if sort == "page":
        canvas, text, title, alt, turns, count = _page(rng, words, background, ink, path, size)
    elif sort == "slide":
        canvas, text, title, alt, turns, count = _slide(rng, words, background, ink, path)
    else:
        canvas, text, title, alt, turns, count = _invoice(rng, words, background, ink, path, size)
    turns = [
        Turn(question(rng, "explain", split), text, "explain"),
        Turn(question(rng, "alt", split), alt, "alt"),
        Turn(rng.choice(["What is the title?", "What is it called?"]), f'The title is "{title}".', "title"),
        *turns,
    ]
    labels = {"kind": KINDS.index("document"), "subkind": SUBKINDS.index(sort), "theme": int(dark), "count": min(12, count)}
    return Drawing(canvas, "document", labels, turns, {"title": title}, "a document")


def table(rng: random.Random, words: Words, split: str) -> Drawing:
    dark = rng.random() < 0.2
    background: Colour = (30, 30, 34) if dark else (255, 255, 255)
    ink: Colour = (220, 220, 220) if dark else (30, 30, 30)
    path, size = rng.choice(family("sans") + family("mono")[:2]), rng.randint(13, 18)
    face, head_face = font(path, size), font(bold(path), size)
    header = rng.sample(COLUMNS, rng.randint(2, 5))
    make = {
        "Name": lambda: capital(words.noun()), "Price": lambda: f"${rng.randint(1, 900)}", "Status": lambda: rng.choice(["active", "done", "failed", "open"]),
        "Date": lambda: f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}", "Count": lambda: str(rng.randint(0, 999)),
        "Owner": lambda: rng.choice(["Alice", "Bob", "Carol", "Dan", "Eve", "Frank"]), "City": lambda: rng.choice(["Berlin", "Paris", "Rome", "Tokyo", "Oslo", "Lima"]),
        "Version": lambda: f"{rng.randint(0, 9)}.{rng.randint(0, 20)}", "Size": lambda: f"{rng.randint(1, 900)} KB",
        "Type": lambda: rng.choice(["image", "text", "video", "audio"]), "Score": lambda: str(rng.randint(1, 100)), "Email": lambda: f"{words.noun()}@example.com",
    }  # fmt: skip
    rows = [[make[name]() for name in header] for _ in range(rng.randint(2, 8))]
    widths = [max(head_face.getlength(x) for x in [name, *(row[i] for row in rows)]) + size * 1.8 for i, name in enumerate(header)]
    line, margin = int(size * rng.uniform(1.9, 2.4)), rng.randint(6, 50)
    title = f"{capital(words.noun())} {rng.choice(['list', 'table', 'report'])}" if rng.random() < 0.4 else ""
    canvas = Canvas(rng, sum(widths) + 2 * margin, line * (len(rows) + 1) + 2 * margin + (34 if title else 0), background)
    y = float(margin)
    if title:
        canvas.text(margin, y, title, font(bold(path), int(size * 1.2)), ink)
        y += 34
    shade = rng.choice([PALETTE[rng.choice(COLOURS)], mix(background, ink, 0.12), background])
    zebra, grid = rng.random() < 0.4, rng.random() < 0.6
    canvas.draw.rectangle((margin, y, canvas.width - margin, y + line), fill=shade)
    for index, row in enumerate([header, *rows]):
        x, top = float(margin), y + index * line
        if index and zebra and index % 2 == 0:
            canvas.draw.rectangle((margin, top, canvas.width - margin, top + line), fill=mix(background, ink, 0.06))
        for column, text in enumerate(row):
            if grid:
                canvas.draw.rectangle((x, top, x + widths[column], top + line), outline=mix(background, ink, 0.3))
            canvas.box("cell", x, top, x + widths[column], top + line)
            canvas.text(x + size * 0.8, top + line / 2, text, face if index else head_face, ink if index else contrast(shade), anchor="lm")
            x += widths[column]
    markdown = f"| {' | '.join(header)} |\n|{' --- |' * len(header)}\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)
    titled = f' titled "{title}"' if title else ""
    told = "; ".join(", ".join(row) for row in rows[:4])
    text = f"This image is a table{titled} with {plural(len(header), 'column')} ({listing(header)}) and {plural(len(rows), 'data row')}. The rows {'are' if len(rows) <= 4 else 'begin with'}: {told}."
    pick, column = rng.choice(rows), rng.randrange(len(header))
    first = next(row for row in rows if row[0] == pick[0])
    turns = [
        Turn(question(rng, "explain", split), text, "explain"),
        Turn(question(rng, "table_markdown", split), markdown, "table_markdown"),
        Turn("How many rows and columns does the table have?", f"It has {len(rows)} data rows and {len(header)} columns.", "count"),
        Turn(question(rng, "alt", split), f"Table{titled} with the columns {listing(header)}", "alt"),
    ]
    if column:
        turns.append(Turn(f"What is the {header[column]} in the row of {pick[0]}?", f"The {header[column]} is {first[column]}.", "value"))
    labels = {"kind": KINDS.index("table"), "subkind": SUBKINDS.index("table"), "theme": int(dark), "count": len(rows)}
    return Drawing(canvas, "table", labels, turns, {"markdown": markdown}, "a table")
