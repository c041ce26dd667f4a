"""Node-and-arrow diagrams: flowcharts, architecture, states and trees."""
from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from ..prompts import Turn
from .canvas import PALETTE, Canvas, Colour, contrast, mix
from .drawing import Drawing
from .fonts import bold, family, font
from .labels import COLOURS, KINDS, SUBKINDS
from .phrasing import article, listing, number_word, plural, question
from .words import SERVICES, Words, capital

STATES = "Idle Loading Ready Running Paused Stopped Error Done Waiting Active Closed Open Pending Approved Rejected Draft Published Failed Connecting Connected".split()
TEAMS = ["CEO", "CTO", "CFO", "Dev Team", "QA Team", "Ops", "HR", "Sales", "Marketing", "Design", "Support", "Finance", "Legal", "Product"]
DECISIONS = ["Valid?", "Is ok?", "Exists?", "Logged in?", "Empty?", "Success?", "Retry?", "Authorised?", "In stock?", "Found?"]
NAMES = {"flowchart": "flowchart", "architecture": "architecture diagram", "state": "state diagram", "tree": "tree diagram"}
STORES = {"Database", "Postgres", "Redis", "Storage", "Cache", "S3 Bucket", "Data Warehouse"}


@dataclass
class Graph:
    """Labels of the nodes in layers, arrows, and the texts on them."""

    sort: str
    labels: list[str]
    layers: list[list[int]]
    edges: list[tuple[int, int]] = field(default_factory=list)
    edge_labels: dict[tuple[int, int], str] = field(default_factory=dict)
    decisions: set[int] = field(default_factory=set)
    back: tuple[int, int] | None = None
    direction: str = "TD"
    title: str = ""

    def targets(self, node: int) -> list[str]:
        return [self.labels[b] for a, b in self.edges if a == node]

    @property
    def unit(self) -> str:
        return "state" if self.sort == "state" else "box"


def make_graph(rng: random.Random, words: Words, sort: str) -> Graph:
    count = rng.randint(3, 8)
    if sort == "flowchart":
        labels = [f"{capital(words.verb())} {words.noun()}" for _ in range(count)]
        labels[0], labels[-1] = rng.choice(["Start", labels[0]]), rng.choice(["End", "Done", labels[-1]])
    elif sort == "architecture":
        labels = rng.sample(SERVICES + [f"{name} Service" for name in words.names(6)], count)
    elif sort == "state":
        labels = rng.sample(STATES, count)
    else:
        labels = words.names(count) if rng.random() < 0.6 else rng.sample(TEAMS, count)
    layers: list[list[int]] = [[0]]
    index = 1
    while index < count:
        width = 1 if sort != "tree" and rng.random() < 0.62 else min(count - index, rng.randint(2, 3))
        layers.append(list(range(index, index + width)))
        index += width
    graph = Graph(sort, labels, layers, direction=rng.choice(["TD", "TD", "LR"]))
    for upper, lower in zip(layers, layers[1:]):
        for position, node in enumerate(lower):
            graph.edges.append((upper[min(len(upper) - 1, position * len(upper) // len(lower))], node))
        if sort != "tree":
            linked = {a for a, _ in graph.edges}
            graph.edges += [(node, lower[0]) for node in upper if node not in linked]
    if sort == "flowchart":
        for node in range(count):
            out = [edge for edge in graph.edges if edge[0] == node]
            if len(out) == 2 and rng.random() < 0.85:
                graph.decisions.add(node)
                labels[node] = rng.choice(DECISIONS)
                graph.edge_labels[out[0]], graph.edge_labels[out[1]] = "Yes", "No"
    elif rng.random() < 0.2:
        for edge in graph.edges:
            if rng.random() < 0.6:
                graph.edge_labels[edge] = rng.choice([words.verb(), "HTTP", "SQL", "events", "gRPC", "REST"])
    graph.labels = [f"{label} {i + 1}" if labels.count(label) > 1 else label for i, label in enumerate(labels)]
    if sort in ("flowchart", "state") and len(layers) >= 3 and rng.random() < 0.25:
        graph.back = (layers[-1][-1], layers[rng.randint(0, len(layers) - 3)][0])
        graph.edges.append(graph.back)
    if rng.random() < 0.35:
        graph.title = f"{capital(words.noun())} {rng.choice(['flow', 'process', 'pipeline', 'workflow', 'overview', 'architecture'])}"
    return graph


def mermaid(graph: Graph) -> str:
    """The diagram's Mermaid source."""
    if graph.sort == "state":
        name = lambda i: graph.labels[i].replace(" ", "")  # noqa: E731
        return "stateDiagram-v2\n" + "\n".join(
            f"    {name(a)} --> {name(b)}" + (f": {graph.edge_labels[a, b]}" if (a, b) in graph.edge_labels else "") for a, b in graph.edges
        )
    seen: set[int] = set()

    def node(index: int) -> str:
        letter = "ABCDEFGHIJ"[index]
        if index in seen:
            return letter
        seen.add(index)
        opening, closing = "{}" if index in graph.decisions else "[]"
        return f"{letter}{opening}{graph.labels[index]}{closing}"

    rows = [f"    {node(a)} -->" + (f"|{graph.edge_labels[a, b]}| " if (a, b) in graph.edge_labels else " ") + node(b) for a, b in graph.edges]
    return f"flowchart {graph.direction}\n" + "\n".join(rows)


def arrow(canvas: Canvas, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: int = 2, head: float = 9) -> None:
    canvas.draw.line((*start, *end), fill=colour, width=width)
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    wings = [(end[0] - head * math.cos(angle + t), end[1] - head * math.sin(angle + t)) for t in (-0.4, 0.4)]
    canvas.draw.polygon([end, *wings], fill=colour)
    steps = max(1, int(math.dist(start, end) / 30))
    for index in range(steps):
        share = (index + 0.5) / steps
        x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
        canvas.box("edge", x - 8, y - 8, x + 8, y + 8)


def polyline(canvas: Canvas, points: list[tuple[float, float]], colour: Colour) -> None:
    for a, b in zip(points[:-2], points[1:-1]):
        canvas.draw.line((*a, *b), fill=colour, width=2)
        canvas.box("edge", min(a[0], b[0]) - 3, min(a[1], b[1]) - 3, max(a[0], b[0]) + 3, max(a[1], b[1]) + 3)
    arrow(canvas, points[-2], points[-1], colour)


@dataclass
class Style:
    """Colours and font of a diagram."""

    background: Colour
    ink: Colour
    fill: Colour
    outline: Colour
    line: Colour
    path: str
    size: int
    colour: str | None
    dark: bool


def make_style(rng: random.Random) -> Style:
    dark = rng.random() < 0.2
    background = rng.choice([(30, 32, 38), (20, 22, 28)]) if dark else rng.choice([(255, 255, 255)] * 3 + [(250, 250, 245), (240, 244, 250)])
    ink: Colour = (225, 225, 230) if dark else (35, 35, 40)
    line = mix(ink, background, rng.choice([0, 0.3]))
    name = rng.choice(COLOURS)
    coloured = rng.random() < 0.75
    fill = mix(PALETTE[name], background, rng.choice([0, 0.6, 0.75, 0.85])) if coloured else background
    outline = rng.choice([PALETTE[name], line])
    return Style(background, ink, fill, outline, line, rng.choice(family("sans")), rng.randint(13, 19), name if coloured else None, dark)


def _draw_node(canvas: Canvas, style: Style, graph: Graph, node: int, x: float, y: float, width: float, height: float, shape: str) -> None:
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    canvas.box("node", *box)
    label = graph.labels[node]
    if node in graph.decisions:
        canvas.draw.polygon([(x, y - height * 0.72), (x + width / 2, y), (x, y + height * 0.72), (x - width / 2, y)], fill=style.fill, outline=style.outline)
    elif graph.sort == "state" or label in ("Start", "End", "Done"):
        canvas.rectangle(*box, fill=style.fill, outline=style.outline, radius=height / 2, width=2)
    elif label in STORES:
        canvas.draw.rectangle((box[0], box[1] + 8, box[2], box[3] - 8), fill=style.fill, outline=style.outline)
        canvas.draw.ellipse((box[0], box[1], box[2], box[1] + 16), fill=style.fill, outline=style.outline)
        canvas.draw.pieslice((box[0], box[3] - 16, box[2], box[3]), 0, 180, fill=style.fill, outline=style.outline)
    else:
        canvas.rectangle(*box, fill=style.fill, outline=style.outline, radius=2 if shape == "rect" else 10, width=2)
    canvas.text(x, y, label, font(style.path, style.size), contrast(style.fill), anchor="mm")


def draw_graph(rng: random.Random, style: Style, graph: Graph) -> tuple[Canvas, dict[int, tuple[float, float]]]:
    face, small = font(style.path, style.size), font(style.path, style.size - 2)
    width = max(face.getlength(label) for label in graph.labels) + style.size * 2.2
    height = style.size * 2.6
    across, along = rng.randint(30, 70), rng.randint(36, 60)
    depth, breadth = len(graph.layers), max(map(len, graph.layers))
    down = graph.direction == "TD"
    spare = 60 if graph.back else 0
    if down:
        total = (breadth * width + (breadth + 1) * across + spare, depth * height + (depth + 1) * along)
    else:
        total = (depth * width + (depth + 1) * along, breadth * height + (breadth + 1) * across + spare)
    top = 40 if graph.title else 0
    canvas = Canvas(rng, max(total[0], 300), max(total[1], 200) + top, style.background)
    if graph.title:
        canvas.text(canvas.width // 2, 10, graph.title, font(bold(style.path), int(style.size * 1.2)), style.ink, anchor="ma")
    place: dict[int, tuple[float, float]] = {}
    for level, layer in enumerate(graph.layers):
        for index, node in enumerate(layer):
            share = (index + 0.5) / len(layer)
            if down:
                place[node] = ((canvas.width - spare) * share, top + along + height / 2 + level * (height + along))
            else:
                place[node] = (along + width / 2 + level * (width + along), top + (canvas.height - top - spare) * share)
    for edge in graph.edges:
        p, q = place[edge[0]], place[edge[1]]
        if edge == graph.back:
            if down:
                x = canvas.width - 24
                polyline(canvas, [(p[0] + width / 2, p[1]), (x, p[1]), (x, q[1]), (q[0] + width / 2, q[1])], style.line)
            else:
                y = canvas.height - 20
                polyline(canvas, [(p[0], p[1] + height / 2), (p[0], y), (q[0], y), (q[0], q[1] + height / 2)], style.line)
            continue
        start, end = ((p[0], p[1] + height / 2), (q[0], q[1] - height / 2)) if down else ((p[0] + width / 2, p[1]), (q[0] - width / 2, q[1]))
        if down and abs(start[0] - end[0]) > 5 and rng.random() < 0.5:
            middle = (start[1] + end[1]) / 2
            polyline(canvas, [start, (start[0], middle), (end[0], middle), end], style.line)
        else:
            arrow(canvas, start, end, style.line)
        if edge in graph.edge_labels:
            canvas.text((start[0] + end[0]) / 2 + (6 if down else -8), (start[1] + end[1]) / 2 - style.size, graph.edge_labels[edge], small, style.ink)
    shape = rng.choice(["rect", "round", "round"])
    for node, (x, y) in place.items():
        _draw_node(canvas, style, graph, node, x, y, width, height, shape)
    return canvas, place


def graph_turns(rng: random.Random, split: str, graph: Graph) -> list[Turn]:
    name, count = NAMES[graph.sort], len(graph.labels)
    titled = f' titled "{graph.title}"' if graph.title else ""
    flow = "from top to bottom" if graph.direction == "TD" else "from left to right"
    text = rng.choice([f"This image is {article(name)}{titled}", f"This is {article(name)}{titled}", f"This diagram is {article(name)}{titled}"])
    if name == "flowchart":
        text = text.replace("flowchart", "flowchart diagram", 1)
    text += f" with {plural(count, graph.unit)} running {flow}: {listing(graph.labels)}."
    if graph.sort == "tree":
        text += f" {graph.labels[0]} is at the top and leads to {listing(graph.targets(0))}."
    else:
        ends = [graph.labels[i] for i in range(count) if not graph.targets(i)]
        text += f" It starts at {graph.labels[0]}, which leads to {listing(graph.targets(0))}"
        text += f", and ends at {listing(ends)}." if ends else "."
    for node in sorted(graph.decisions)[:2]:
        yes, no = graph.targets(node)[:2]
        text += f' The decision "{graph.labels[node]}" goes to {yes} on Yes and to {no} on No.'
    if graph.back:
        text += f" An arrow goes back from {graph.labels[graph.back[0]]} to {graph.labels[graph.back[1]]}."
    pick = rng.choice([a for a, _ in graph.edges])
    target = rng.choice([b for _, b in graph.edges])
    before = [graph.labels[a] for a, b in graph.edges if b == target]
    return [
        Turn(question(rng, "explain", split), text, "explain"),
        Turn(question(rng, "mermaid", split), f"```mermaid\n{mermaid(graph)}\n```", "mermaid"),
        Turn(question(rng, "alt", split), f"{capital(name)}{titled} from {graph.labels[0]} to {graph.labels[-1]} with {plural(count, graph.unit)}", "alt"),
        Turn(rng.choice(["How many boxes are in the diagram?", "How many nodes does it have?"]), f"There are {count} {graph.unit}{'es' if graph.unit == 'box' else 's'}.", "count"),
        Turn(rng.choice([f"What comes after {graph.labels[pick]}?", f"Where do the arrows from {graph.labels[pick]} lead?", f"What is {graph.labels[pick]} connected to?"]),
             f"{graph.labels[pick]} leads to {listing(graph.targets(pick))}.", "next"),
        Turn(rng.choice([f"What comes before {graph.labels[target]}?", f"What leads to {graph.labels[target]}?"]), f"{listing(before)} {'leads' if len(before) == 1 else 'lead'} to {graph.labels[target]}.", "next"),
        Turn(rng.choice(["Which boxes does the diagram have?", "List the nodes."]), f"It has {number_word(count)}: {listing(graph.labels)}.", "nodes"),
        Turn(rng.choice(["What kind of diagram is this?", "What type of diagram is it?"]), f"It is {article(name)}.", "diagram_type"),
    ]  # fmt: skip


def graph_diagram(rng: random.Random, words: Words, split: str) -> Drawing:
    sort = rng.choices(list(NAMES), [5, 3, 1.5, 2])[0]
    graph, style = make_graph(rng, words, sort), make_style(rng)
    canvas, place = draw_graph(rng, style, graph)
    order = {node: rank for rank, node in enumerate(sorted(place, key=lambda n: (round(place[n][1]), place[n][0])))}
    labels = {"kind": KINDS.index("diagram"), "subkind": SUBKINDS.index(sort), "theme": int(style.dark), "count": len(graph.labels),
              "nodes": len(graph.labels), "direction": ["TD", "LR"].index(graph.direction),
              "topology": 2 if graph.back else 0 if all(len(layer) == 1 for layer in graph.layers) else 1}  # fmt: skip
    if style.colour:
        labels["colour"] = COLOURS.index(style.colour)
    facts = {"edges": [(graph.labels[a], graph.labels[b]) for a, b in graph.edges], "nodes": graph.labels}
    return Drawing(canvas, "diagram", labels, graph_turns(rng, split, graph), facts, f"a diagram: {article(NAMES[sort])}", [(order[a], order[b]) for a, b in graph.edges])
