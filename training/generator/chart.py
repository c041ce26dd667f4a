"""Charts: bar, line, pie, scatter, area, stacked, grouped, histogram."""
from __future__ import annotations

import math
import random
from dataclasses import dataclass

from ..prompts import Turn
from .canvas import PALETTE, Canvas, Colour, contrast, mix
from .drawing import Drawing
from .fonts import bold, family, font
from .labels import COLOURS, KINDS, SUBKINDS
from .phrasing import article, listing, number_word, question
from .words import Words, capital

CATEGORIES = [
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), "Mon Tue Wed Thu Fri Sat Sun".split(),
    "Q1 Q2 Q3 Q4".split(), [str(year) for year in range(2014, 2025)],
    ["Python", "JavaScript", "Go", "Rust", "Java", "C++", "TypeScript", "Ruby"],
    "North South East West Central".split(), "Chrome Firefox Safari Edge Opera".split(),
    ["v1.0", "v1.1", "v1.2", "v2.0", "v2.1", "v3.0"], "Alpha Beta Gamma Delta Epsilon Zeta".split(),
    ["0-10", "10-20", "20-30", "30-40", "40-50"], "Linux Windows macOS Android iOS".split(),
    ["Germany", "France", "Japan", "Brazil", "India", "Kenya"],
]  # fmt: skip
METRICS = [
    "Revenue", "Sales", "Users", "Requests", "Errors", "Latency", "Downloads", "Visitors", "Memory", "CPU usage",
    "Commits", "Builds", "Orders", "Profit", "Cost", "Temperature", "Response time", "Sign-ups", "Tickets", "Bugs",
    "Accuracy", "Loss", "Throughput", "Coverage",
]  # fmt: skip
NAMES = {
    "bar": "bar chart", "hbar": "horizontal bar chart", "line": "line chart", "pie": "pie chart",
    "scatter": "scatter plot", "area": "area chart", "stacked": "stacked bar chart",
    "grouped": "grouped bar chart", "histogram": "histogram",
}  # fmt: skip
UNITS = {"pie": "slices", "line": "points", "area": "points", "bar": "bars", "hbar": "bars"}
TRENDS = {"up": "The values rise steadily.", "down": "The values fall steadily.", "mixed": "The values go up and down."}


@dataclass
class ChartData:
    """What a chart shows."""

    sort: str
    title: str
    metric: str
    categories: list[str]
    series_names: list[str]
    series: list[list[float]]
    unit: str
    labelled: bool
    trend: str
    x_label: str

    @property
    def single(self) -> bool:
        return len(self.series) == 1 and self.sort in UNITS


def nice(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def make_data(rng: random.Random, words: Words, sort: str) -> ChartData:
    metric = rng.choice(METRICS)
    pool = rng.choice(CATEGORIES) if rng.random() < 0.65 else words.names(8)
    count = rng.randint(3, min(12 if sort == "line" else 8, len(pool)))
    start = rng.randint(0, len(pool) - count)
    categories = pool[start : start + count]
    by = rng.choice("month region product quarter team version category service year".split())
    title = rng.choice([f"{metric} by {by}", f"{metric} per {by}", f"{capital(words.noun())} {metric.lower()}",
                        f"{metric} overview", f"{metric} ({rng.choice([2021, 2022, 2023, 2024])})", f"Monthly {metric.lower()}",
                        f"{metric} over time" if sort in ("line", "area") else f"{metric} comparison"])  # fmt: skip
    if rng.random() < 0.12:
        title = ""
    top = 10 ** rng.randint(1, 3) * rng.choice([1, 2, 5])
    digits = 0 if top > 20 else 1
    draw = lambda: round(top * rng.uniform(0.08, 1), digits)  # noqa: E731
    values: list[float] = []
    while len(values) < count:
        value = draw()
        if value not in values:
            values.append(value)
        elif rng.random() < 0.1:
            values.append(round(value + rng.random(), 1))
    trend, unit = "mixed", rng.choice(["", "", "%", "k"])
    names = [metric]
    series = [values]
    if sort in ("line", "area"):
        trend = rng.choice(["up", "down", "mixed"])
        if trend != "mixed":
            values.sort(reverse=trend == "down")
    if sort in ("stacked", "grouped") or (sort == "line" and rng.random() < 0.35):
        number = rng.randint(2, 3)
        names = rng.choice([words.names(3), ["Plan", "Actual", "Forecast"], ["2022", "2023", "2024"], ["Mobile", "Desktop", "Tablet"], ["train", "validation", "test"]])[:number]
        series = [values] + [[draw() for _ in range(count)] for _ in range(number - 1)]
        trend = "mixed"
    if sort == "pie":
        unit, categories = "%", categories[:6]
        raw = [rng.uniform(0.4, 3) for _ in categories]
        shares = [max(2, round(100 * x / sum(raw))) for x in raw]
        shares[shares.index(max(shares))] += 100 - sum(shares)
        series = [[float(share) for share in shares]]
    if sort == "scatter":
        trend = rng.choice(["up", "down", "mixed"])
    if sort == "histogram":
        categories = [nice(i * 10) for i in range(rng.randint(7, 12))]
        middle = rng.uniform(0.3, 0.7)
        series = [[round(top * math.exp(-(((i + 0.5) / len(categories) - middle) ** 2) / 0.05) * rng.uniform(0.85, 1) + 1) for i in range(len(categories))]]
    x_label = capital(by) if rng.random() < 0.35 else ""
    return ChartData(sort, title, metric, categories, names, series, unit, rng.random() < 0.6, trend, x_label)


class _Frame:
    """Plot area and scales of an axis chart."""

    def __init__(self, canvas: Canvas, data: ChartData, size: int, ink: Colour) -> None:
        self.canvas, self.data, self.size, self.ink = canvas, data, size, ink
        rng = canvas.rng
        self.face = font(rng.choice(family("sans")), size)
        stacked = data.sort == "stacked"
        totals = [sum(s[i] for s in data.series) for i in range(len(data.categories))] if stacked else [max(s) for s in data.series]
        self.maximum = (max(totals) if data.sort != "scatter" else 100) * 1.12
        self.left: float = size * 4.2
        if data.sort == "hbar":
            self.left = max(self.face.getlength(c) for c in data.categories) + size * 1.6
        self.top = size * (3.4 if data.title else 2)
        self.right, self.bottom = canvas.width - size * 1.5, canvas.height - size * 3

    def x(self, index: float) -> float:
        return self.left + (self.right - self.left) * (index + 0.5) / len(self.data.categories)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.maximum

    def axes(self) -> None:
        canvas, rng, size = self.canvas, self.canvas.rng, self.size
        canvas.box("axis", self.left - 4, self.top, self.left + 4, self.bottom)
        canvas.box("axis", self.left, self.bottom - 4, self.right, self.bottom + 4)
        step = 10 ** math.floor(math.log10(self.maximum))
        step = step if self.maximum / step >= 4 else step / 2 if self.maximum / step >= 2 else step / 5
        grid, pale, tick = rng.random() < 0.7, mix(canvas.background, self.ink, 0.18), 0.0
        ink = mix(self.ink, canvas.background, 0.2)
        unit = self.data.unit if self.data.sort not in ("scatter", "histogram") else ""
        while tick <= self.maximum:
            if self.data.sort == "hbar":
                x = self.left + (self.right - self.left) * tick / self.maximum
                if grid:
                    canvas.draw.line((x, self.top, x, self.bottom), fill=pale)
                canvas.text(x, self.bottom + 6, nice(tick) + unit, self.face, ink, anchor="ma")
            else:
                y = self.y(tick)
                if grid:
                    canvas.draw.line((self.left, y, self.right, y), fill=pale)
                canvas.text(self.left - 8, y, nice(tick) + unit, self.face, ink, anchor="rm")
            tick += step
        canvas.draw.line((self.left, self.top, self.left, self.bottom), fill=self.ink if rng.random() < 0.6 else pale)
        canvas.draw.line((self.left, self.bottom, self.right, self.bottom), fill=self.ink)
        if self.data.sort not in ("hbar", "scatter"):
            every = 1 if len(self.data.categories) <= 8 else 2
            for index, name in enumerate(self.data.categories):
                if index % every == 0:
                    canvas.text(self.x(index), self.bottom + 6, name, self.face, self.ink, anchor="ma")
        if self.data.x_label and self.data.sort != "hbar":
            canvas.text((self.left + self.right) / 2, canvas.height - size * 1.3, self.data.x_label, self.face, self.ink, anchor="ma")

    def legend(self, colours: list[Colour]) -> None:
        x = self.left + 20
        for name, colour in zip(self.data.series_names, colours):
            self.canvas.draw.rectangle((x, self.top - self.size - 2, x + self.size, self.top - 2), fill=colour)
            x = self.canvas.text(x + self.size * 1.4, self.top - self.size - 2, name, self.face, self.ink)[2] + self.size


def _bars(frame: _Frame, colours: list[Colour], one_colour: bool) -> None:
    canvas, data = frame.canvas, frame.data
    count, number = len(data.categories), len(data.series)
    band = (frame.right - frame.left) / count
    for index in range(count):
        base = 0.0
        for which, values in enumerate(data.series):
            value = values[index]
            colour = colours[which if number > 1 else 0 if one_colour else index % len(colours)]
            text = nice(value) + data.unit
            if data.sort == "hbar":
                height = (frame.bottom - frame.top) / count
                y0, y1 = frame.top + height * (index + 0.2), frame.top + height * (index + 0.8)
                x1 = frame.left + (frame.right - frame.left) * value / frame.maximum
                box = (frame.left, y0, x1, y1)
                canvas.text(frame.left - 8, (y0 + y1) / 2, data.categories[index], frame.face, frame.ink, anchor="rm")
                if data.labelled:
                    canvas.text(x1 + 5, (y0 + y1) / 2, text, frame.face, frame.ink, anchor="lm")
            elif data.sort == "stacked":
                box = (frame.x(index) - band * 0.32, frame.y(base + value), frame.x(index) + band * 0.32, frame.y(base))
                base += value
            else:
                width = band * (1 if data.sort == "histogram" else 0.76)
                x0 = frame.x(index) - width / 2 + which * width / number
                box = (x0, frame.y(value), x0 + width / number - 1, frame.bottom)
                if data.labelled and number == 1 and data.sort == "bar":
                    canvas.text((box[0] + box[2]) / 2, box[1] - 4, text, frame.face, frame.ink, anchor="mb")
            canvas.draw.rectangle(box, fill=colour)
            canvas.box("bar", *box)
    if number > 1:
        frame.legend(colours)


def _lines(frame: _Frame, colours: list[Colour]) -> None:
    canvas, data, rng = frame.canvas, frame.data, frame.canvas.rng
    for which, values in enumerate(data.series):
        points = [(frame.x(i), frame.y(v)) for i, v in enumerate(values)]
        if data.sort == "area":
            floor = [(points[-1][0], frame.bottom), (points[0][0], frame.bottom)]
            canvas.draw.polygon(points + floor, fill=mix(colours[which], canvas.background, 0.45))
        canvas.draw.line(points, fill=colours[which], width=rng.randint(2, 4), joint="curve")
        for a, b in zip(points, points[1:]):
            canvas.box("line", a[0], min(a[1], b[1]) - 3, b[0], max(a[1], b[1]) + 3)
        if rng.random() < 0.6:
            for x, y in points:
                canvas.draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colours[which])
        if data.labelled and len(data.series) == 1:
            for (x, y), value in zip(points, values):
                canvas.text(x, y - 8, nice(value) + data.unit, frame.face, frame.ink, anchor="mb")
    if len(data.series) > 1:
        frame.legend(colours)


def _scatter(frame: _Frame, colour: Colour) -> None:
    canvas, rng = frame.canvas, frame.canvas.rng
    slope = {"up": 1, "down": -1, "mixed": 0}[frame.data.trend]
    radius = rng.randint(3, 6)
    for _ in range(rng.randint(14, 60)):
        x = rng.random()
        y = min(0.95, max(0.04, 0.5 + slope * (x - 0.5) * 0.8 + rng.gauss(0, 0.07 if slope else 0.28)))
        px, py = frame.left + 10 + (frame.right - frame.left - 20) * x, frame.bottom - (frame.bottom - frame.top) * y
        canvas.draw.ellipse((px - radius, py - radius, px + radius, py + radius), fill=colour)
        canvas.box("line", px - radius, py - radius, px + radius, py + radius)
    for index in range(5):
        canvas.text(frame.left + (frame.right - frame.left) * index / 4.4, frame.bottom + 6, nice(index * 20), frame.face, frame.ink, anchor="ma")


def _pie(canvas: Canvas, data: ChartData, size: int, ink: Colour, colours: list[Colour]) -> None:
    rng = canvas.rng
    face = font(rng.choice(family("sans")), size)
    top = size * 3
    radius = min(canvas.width * 0.3, (canvas.height - top) * 0.44)
    legend = rng.random() < 0.5
    cx, cy = canvas.width * (0.36 if legend else 0.5), top + (canvas.height - top) / 2
    angle, donut = rng.choice([-90.0, 0.0, rng.uniform(0, 359)]), rng.random() < 0.35
    for index, value in enumerate(data.series[0]):
        end = angle + 3.6 * value
        colour = colours[index % len(colours)]
        canvas.draw.pieslice((cx - radius, cy - radius, cx + radius, cy + radius), angle, end, fill=colour, outline=canvas.background, width=2)
        middle = math.radians((angle + end) / 2)
        if data.labelled and value >= 5:
            away = radius * (0.75 if donut else 0.6)
            canvas.text(cx + away * math.cos(middle), cy + away * math.sin(middle), f"{nice(value)}%", face, contrast(colour), anchor="mm")
        if legend:
            y = top + index * size * 1.9
            canvas.draw.rectangle((canvas.width * 0.72, y, canvas.width * 0.72 + size, y + size), fill=colour)
            canvas.text(canvas.width * 0.72 + size * 1.5, y, data.categories[index], face, ink)
        else:
            x, y = cx + radius * 1.1 * math.cos(middle), cy + radius * 1.1 * math.sin(middle)
            canvas.text(x, y, data.categories[index], face, ink, anchor="lm" if math.cos(middle) > 0 else "rm")
        angle = end
    if donut:
        canvas.draw.ellipse((cx - radius / 2, cy - radius / 2, cx + radius / 2, cy + radius / 2), fill=canvas.background)
    canvas.box("pie", cx - radius, cy - radius, cx + radius, cy + radius)


def chart_turns(rng: random.Random, split: str, data: ChartData) -> list[Turn]:
    """Questions and answers about a chart; values are told only where they are printed."""
    name = NAMES[data.sort]
    titled = f' titled "{data.title}"' if data.title else ""
    lead = rng.choice([f"This image is {article(name)}{titled}.", f"This is {article(name)}{titled}.", f"The chart is {article(name)}{titled}."])
    values, count = data.series[0], len(data.categories)
    highest, lowest = values.index(max(values)), values.index(min(values))
    shown = lambda i: f" ({nice(values[i])}{data.unit})" if data.labelled else ""  # noqa: E731
    axis = f" The horizontal axis is labelled {data.x_label}." if data.x_label and data.sort not in ("hbar", "pie") else ""
    if data.single:
        each = [c + shown(i) for i, c in enumerate(data.categories)]
        body = f" It shows {number_word(count)} {UNITS[data.sort]}: {listing(each)}."
        body += f" The highest is {data.categories[highest]} and the lowest is {data.categories[lowest]}."
        if data.sort in ("line", "area"):
            body += f" {TRENDS[data.trend]}"
    elif data.sort == "scatter":
        body = {"up": " The points rise from left to right, a positive correlation.", "down": " The points fall from left to right, a negative correlation.",
                "mixed": " The points show no clear trend."}[data.trend]  # fmt: skip
    elif data.sort == "histogram":
        body = f" It has {count} bins from {data.categories[0]} to {data.categories[-1]} and shows how the values are distributed; the peak is near {data.categories[highest]}."
    else:
        body = f" It compares {listing(data.series_names)} over {listing(data.categories)}."
    turns = [
        Turn(question(rng, "explain", split), lead + body + axis, "explain"),
        Turn(rng.choice(["What type of chart is this?", "Which kind of chart is shown?", "What sort of chart is it?"]), f"It is {article(name)}.", "chart_type"),
        Turn(question(rng, "alt", split), f"{capital(name)}{titled}" + (f" showing {listing(data.categories[:4])}" if data.sort not in ("scatter", "histogram") else ""), "alt"),
    ]
    if data.single:
        pick = rng.randrange(count)
        turns.append(Turn(rng.choice(["Which category has the highest value?", "Which one is the largest?", "What is the maximum?"]),
                          f"{data.categories[highest]}" + (f", with {nice(values[highest])}{data.unit}." if data.labelled else " has the highest value."), "highest"))
        turns.append(Turn(rng.choice([f"What is the value of {data.categories[pick]}?", f"How much is {data.categories[pick]}?"]),
                          f"{data.categories[pick]} is {nice(values[pick])}{data.unit}." if data.labelled else f"The value of {data.categories[pick]} is not printed; it can only be estimated from the axis.", "value"))
        turns.append(Turn(f"How many {UNITS[data.sort]} are there?", f"There are {count} {UNITS[data.sort]}.", "count"))
        if data.labelled and count <= 8:
            head = data.metric if data.metric.lower() in data.title.lower() else "Value"
            rows = "\n".join(f"| {c} | {nice(v)}{data.unit} |" for c, v in zip(data.categories, values))
            turns.append(Turn(question(rng, "chart_table", split), f"| {data.x_label or 'Label'} | {head} |\n| --- | --- |\n{rows}", "chart_table"))
    elif data.sort in ("grouped", "stacked", "line"):
        turns.append(Turn(rng.choice(["Which series are compared?", "What does the legend say?"]), f"The series are {listing(data.series_names)}.", "series"))
    if data.trend in TRENDS and data.sort in ("line", "area", "scatter") and len(data.series) == 1:
        turns.append(Turn("What is the trend?", {"up": "The values go up.", "down": "The values go down.", "mixed": "There is no steady trend; the values go up and down."}[data.trend], "trend"))
    return turns


def chart(rng: random.Random, words: Words, split: str) -> Drawing:
    sort = rng.choices(list(NAMES), [5, 3, 5, 4, 2, 1.5, 1.5, 2, 1.5])[0]
    data = make_data(rng, words, sort)
    dark = rng.random() < 0.25
    background = rng.choice([(24, 26, 32), (33, 37, 43), (18, 18, 18)]) if dark else rng.choice([(255, 255, 255)] * 3 + [(245, 246, 248), (234, 234, 242)])
    ink: Colour = (215, 215, 220) if dark else (40, 40, 40)
    width = rng.randint(480, 1100)
    size = rng.randint(12, 17)
    canvas = Canvas(rng, width, width * rng.uniform(0.5, 0.85), background)
    names = rng.sample(COLOURS, len(COLOURS))
    colours = [mix(PALETTE[name], (255, 255, 255), 0.15 if dark else 0) for name in names]
    if data.title:
        path = rng.choice(family("sans"))
        face = font(bold(path), int(size * 1.35))
        centred = rng.random() < 0.7
        canvas.text(canvas.width // 2 if centred else 14, size // 2, data.title, face, ink, anchor="ma" if centred else "la")
    one_colour = rng.random() < 0.6
    if sort == "pie":
        _pie(canvas, data, size, ink, colours)
    else:
        frame = _Frame(canvas, data, size, ink)
        frame.axes()
        if sort in ("line", "area"):
            _lines(frame, colours)
        elif sort == "scatter":
            _scatter(frame, colours[0])
        else:
            _bars(frame, colours, one_colour)
    labels = {"kind": KINDS.index("chart"), "subkind": SUBKINDS.index(sort), "theme": int(dark)}
    if sort not in ("scatter", "histogram"):
        labels["count"] = min(12, len(data.categories))
    if data.single:
        values = data.series[0]
        labels |= {"highest": min(11, values.index(max(values))), "lowest": min(11, values.index(min(values)))}
        if one_colour and sort in ("bar", "hbar", "line", "area"):
            labels["colour"] = COLOURS.index(names[0])
    if sort in ("line", "area", "scatter") and len(data.series) == 1:
        labels["trend"] = ["up", "down", "mixed"].index(data.trend)
    facts = {"chart": NAMES[sort], "values": [nice(v) for v in data.series[0]] if data.labelled and data.single else []}
    return Drawing(canvas, "chart", labels, chart_turns(rng, split, data), facts, f"a chart: {article(NAMES[sort])}")
