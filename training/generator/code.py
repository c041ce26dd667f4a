"""Code screenshots: plain, in an editor with a sidebar, or as a diff."""
from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token

from ..prompts import Turn
from .canvas import Canvas, Colour, TextLine, luminance, mix
from .drawing import Drawing
from .fonts import family, font
from .labels import KINDS, LANGUAGES, SUBKINDS
from .phrasing import article, plural, question
from .snippets import Snippet, snippet
from .words import Words


@dataclass(frozen=True)
class Theme:
    """Colours of an editor."""

    background: Colour
    ink: Colour
    keyword: Colour
    string: Colour
    comment: Colour
    number: Colour
    name: Colour

    @property
    def dark(self) -> bool:
        return luminance(self.background) < 128


THEMES = [
    Theme((30, 30, 30), (212, 212, 212), (86, 156, 214), (206, 145, 120), (106, 153, 85), (181, 206, 168), (220, 220, 170)),
    Theme((40, 42, 54), (248, 248, 242), (255, 121, 198), (241, 250, 140), (98, 114, 164), (189, 147, 249), (80, 250, 123)),
    Theme((255, 255, 255), (36, 41, 46), (215, 58, 73), (3, 47, 98), (106, 115, 125), (0, 92, 197), (111, 66, 193)),
    Theme((253, 246, 227), (101, 123, 131), (133, 153, 0), (42, 161, 152), (147, 161, 161), (211, 54, 130), (38, 139, 210)),
    Theme((0, 43, 54), (131, 148, 150), (133, 153, 0), (42, 161, 152), (88, 110, 117), (211, 54, 130), (38, 139, 210)),
    Theme((39, 40, 34), (248, 248, 242), (249, 38, 114), (230, 219, 116), (117, 113, 94), (174, 129, 255), (166, 226, 46)),
    Theme((255, 255, 255), (0, 0, 0), (0, 0, 255), (163, 21, 21), (0, 128, 0), (9, 134, 88), (121, 94, 38)),
    Theme((46, 52, 64), (216, 222, 233), (129, 161, 193), (163, 190, 140), (97, 110, 136), (180, 142, 173), (136, 192, 208)),
    Theme((250, 250, 250), (56, 58, 66), (166, 38, 164), (80, 161, 79), (160, 161, 167), (152, 104, 1), (64, 120, 242)),
    Theme((13, 17, 23), (201, 209, 217), (255, 123, 114), (165, 214, 255), (139, 148, 158), (121, 192, 255), (210, 168, 255)),
]
_LEXERS = {"Shell": "bash", "Dockerfile": "docker", "C#": "csharp", "C++": "cpp"}


@lru_cache(maxsize=32)
def lexer(language: str) -> Lexer:
    return get_lexer_by_name(_LEXERS.get(language, language.lower()))


def _colour(theme: Theme, token: object) -> Colour:
    for group, colour in (
        (Token.Keyword, theme.keyword), (Token.Literal.String, theme.string), (Token.Comment, theme.comment),
        (Token.Literal.Number, theme.number), (Token.Name.Function, theme.name), (Token.Name.Class, theme.name),
        (Token.Name.Tag, theme.name),
    ):  # fmt: skip
        if token in group:
            return colour
    return theme.ink


def draw_code(canvas: Canvas, code: str, language: str, theme: Theme, x: float, y: float, size: int,
              numbers: bool, first: int = 1, highlights: dict[int, Colour] | None = None) -> tuple[int, float, float]:  # fmt: skip
    """Draw highlighted code; gives lines drawn, line height and the left edge of the code."""
    rng = canvas.rng
    face = font(rng.choice(family("mono")), size)
    line_height = int(size * rng.uniform(1.3, 1.6))
    advance = face.getlength("M")
    left = x + (int(advance * 4) if numbers else 0)
    rows: list[list[tuple[str, Colour]]] = [[]]
    for token, value in lexer(language).get_tokens(code):
        for index, part in enumerate(value.split("\n")):
            if index:
                rows.append([])
            if part:
                rows[-1].append((part, _colour(theme, token)))
    read_numbers = rng.random() < 0.5
    drawn = 0
    for index, row in enumerate(rows[: code.count("\n") + 1]):
        top = y + index * line_height
        if top + line_height > canvas.height:
            break
        drawn += 1
        if highlights and index in highlights:
            canvas.draw.rectangle((x - 8, top, canvas.width, top + line_height), fill=highlights[index])
        if numbers:
            canvas.text(x + advance * 3, top, str(first + index), face, mix(theme.ink, theme.background, 0.55), anchor="ra", record=read_numbers)
        cursor = left
        for part, colour in row:
            if part.strip():
                canvas.draw.text((cursor, top), part, font=face, fill=colour)
            cursor += advance * len(part)
        text = "".join(part for part, _ in row)
        if text.strip():
            indent = left + advance * (len(text) - len(text.lstrip()))
            canvas.box("code", indent, top, min(cursor, canvas.width), top + size)
            visible = text[: int((canvas.width - left) / advance)].strip()
            if visible:
                canvas.lines.append(TextLine(visible, indent, top + size / 2, size))
    return drawn, line_height, left


def _sidebar(canvas: Canvas, words: Words, theme: Theme, width: int, file: str, language: str) -> None:
    rng = canvas.rng
    panel = mix(theme.background, (255, 255, 255) if theme.dark else (0, 0, 0), 0.05)
    canvas.draw.rectangle((0, 30, width, canvas.height), fill=panel)
    canvas.box("panel", 0, 30, width, canvas.height)
    face = font(rng.choice(family("sans")), 13)
    canvas.text(12, 40, rng.choice(["EXPLORER", "Project", "Files"]), face, mix(theme.ink, panel, 0.3))
    files = [file, *(f"{words.noun()}{rng.choice(['.ts', '.py', '.go', '.json', '.md'])}" for _ in range(rng.randint(3, 8)))]
    rng.shuffle(files)
    for index, name in enumerate(files):
        canvas.text(24, 66 + index * 22, name, face, theme.ink)
    if rng.random() < 0.6:
        bar = rng.choice([(0, 122, 204), (104, 33, 122), panel])
        ink = (255, 255, 255) if luminance(bar) < 140 else (90, 90, 90)
        canvas.draw.rectangle((0, canvas.height - 24, canvas.width, canvas.height), fill=bar)
        canvas.text(10, canvas.height - 20, rng.choice(["main", "develop", "master"]), face, ink)
        canvas.text(canvas.width - 12, canvas.height - 20, language, face, ink, anchor="ra")


def _as_diff(rng: random.Random, lines: list[str], dark: bool) -> tuple[str, dict[int, Colour], int, int]:
    green, red = ((20, 60, 30), (80, 25, 25)) if dark else ((218, 251, 225), (255, 225, 225))
    start = rng.randint(0, max(0, len(lines) - 4))
    removed, added = rng.randint(0, 2), rng.randint(1, 3)
    out, highlights = [], {}
    for index, line in enumerate(lines):
        sign = "-" if start <= index < start + removed else "+" if start + removed <= index < start + removed + added else " "
        if sign != " ":
            highlights[index] = green if sign == "+" else red
        out.append(f"{sign} {line}")
    return "\n".join(out), highlights, sum(o[0] == "+" for o in out), sum(o[0] == "-" for o in out)


def code_screenshot(rng: random.Random, words: Words, split: str) -> Drawing:
    piece: Snippet = snippet(rng, words, split)
    theme = rng.choice(THEMES)
    size = rng.randint(12, 22)
    lines = piece.code.split("\n")[: rng.randint(10, 28)]
    sub = rng.choices(["code", "editor", "diff"], [6, 3, 1])[0]
    side = rng.randint(140, 240) if sub == "editor" else 0
    advance = font(family("mono")[0], size).getlength("M")
    width = min(1600, max(420, side + advance * (max(map(len, lines)) + 8) + 40) * rng.uniform(1, 1.3))
    height = max(min(1300, len(lines) * size * 1.62 + rng.randint(60, 160)), width * 0.3)
    canvas = Canvas(rng, width, height, theme.background)
    y = 12
    if sub == "editor" or rng.random() < 0.6:
        shown = piece.file if sub == "editor" or rng.random() < 0.8 else ""
        y = canvas.title_bar(shown, font(rng.choice(family("sans")), 13)) + 10
    if sub == "editor":
        _sidebar(canvas, words, theme, side, piece.file, piece.language)
    code, highlights, added, removed = "\n".join(lines), None, 0, 0
    if sub == "diff":
        code, highlights, added, removed = _as_diff(rng, lines, theme.dark)
    drawn, line_height, left = draw_code(canvas, code, piece.language, theme, side + 10, y, size, rng.random() < 0.6,
                                         rng.choice([1, 1, rng.randint(1, 400)]), highlights)  # fmt: skip
    flagged = sub != "diff" and drawn > 2 and rng.random() < 0.12
    if flagged:
        _underline(canvas, rng.randint(1, drawn - 1), y, line_height, left, size)
    tone = "dark" if theme.dark else "light"
    lead = {
        "code": rng.choice([f"This is a screenshot of {piece.language} code in a {tone} theme.", f"This image shows {piece.language} source code."]),
        "editor": f"This is a screenshot of a code editor with {article(tone)} theme; the {piece.language} file {piece.file} is open.",
        "diff": f"This is a code diff in {piece.language} with {plural(added, 'added line')} and {plural(removed, 'removed line')}.",
    }[sub]
    note = " One line is underlined in red as a problem." if flagged else ""
    turns = [
        Turn(question(rng, "explain", split), f"{lead} {piece.description}{note}", "explain"),
        Turn(question(rng, "language", split), rng.choice([f"The code is written in {piece.language}.", f"It is {piece.language} code.", f"{piece.language}."]), "language"),
        Turn(question(rng, "alt", split), f"Screenshot of {piece.language} code" + (f" with `{piece.name}`" if piece.name else "") + (f" in {piece.file}" if sub == "editor" else ""), "alt"),
        Turn(rng.choice(["What does this code do?", "Summarise the code.", "What is defined here?", "Explain this code."]), piece.description, "code"),
        Turn(rng.choice(["Is there a problem marked in this code?", "What went wrong here?", "Is there an error?"]),
             "Yes, one line is underlined in red." if flagged else "No error is shown; the image shows code.", "no_error"),
    ]  # fmt: skip
    if sub == "code" and len(code) < 420:
        turns.append(Turn(question(rng, "transcribe", split), f"```{piece.language.lower()}\n{code}\n```", "transcribe"))
    labels = {"kind": KINDS.index("code"), "subkind": SUBKINDS.index(sub), "theme": int(theme.dark),
              "language": LANGUAGES.index(piece.language), "count": min(12, drawn // 3)}  # fmt: skip
    return Drawing(canvas, "code", labels, turns, {"language": piece.language, "name": piece.name}, "code")


def _underline(canvas: Canvas, row: int, y: float, line_height: float, left: float, size: int) -> None:
    top = y + row * line_height + size + 1
    points = [(left + 24 + k * 3, top + (2 if k % 2 else 0)) for k in range(canvas.rng.randint(8, 40))]
    canvas.draw.line(points, fill=(244, 71, 71), width=2)
    canvas.box("error", points[0][0], top - 4, points[-1][0], top + 6)
