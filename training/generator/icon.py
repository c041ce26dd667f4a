"""Icons from permissively licensed npm icon sets, single or in a grid; fetched for training, never committed."""
from __future__ import annotations

import io
import random
from functools import lru_cache
from pathlib import Path

from PIL import Image

from ..config import state_folder
from ..prompts import Turn
from .canvas import PALETTE, Canvas, Colour
from .drawing import Drawing
from .labels import COLOURS, ICONS, KINDS, SUBKINDS
from .phrasing import article, listing, number_word, plural, question
from .words import Words, capital

PACKAGES = ["lucide-static", "bootstrap-icons", "@tabler/icons", "feather-icons", "@primer/octicons", "ionicons"]
_FOLDERS = [
    ("lucide-static/icons", "{}.svg"), ("bootstrap-icons/icons", "{}.svg"), ("@tabler/icons/icons/outline", "{}.svg"),
    ("@tabler/icons/icons/filled", "{}.svg"), ("feather-icons/dist/icons", "{}.svg"),
    ("@primer/octicons/build/svg", "{}-24.svg"), ("ionicons/dist/svg", "{}-outline.svg"), ("ionicons/dist/svg", "{}.svg"),
]  # fmt: skip
_OTHER_NAMES = {
    "search": "magnifying-glass", "trash": "trash-2 trashcan delete", "gear": "settings gear-fill cog", "home": "house house-fill home-2",
    "user": "person person-fill user-round", "lock": "lock-closed lock-fill", "bell": "bell-fill notifications", "heart": "heart-fill",
    "star": "star-fill", "mail": "envelope envelope-fill", "calendar": "calendar-fill", "folder": "file-directory folder-fill",
    "play": "play-fill player-play", "pause": "pause-fill player-pause", "edit": "pencil pencil-fill square-pen create",
    "plus": "plus-lg add", "close": "x x-lg", "check": "check-lg checkmark", "cart": "shopping-cart cart-fill cart2",
    "menu": "list menu-2 three-bars", "filter": "funnel funnel-fill", "bug": "bug-fill", "database": "server", "cloud": "cloud-fill",
    "camera": "camera-fill", "clock": "clock-fill time", "eye": "eye-fill", "file": "file-earmark document file-fill", "flag": "flag-fill",
    "globe": "world globe2 language", "image": "images photo", "key": "key-fill key-round", "link": "link-2 link-45deg link-external",
    "map": "map-fill", "microphone": "mic mic-fill", "moon": "moon-fill", "sun": "sun-fill sunny", "phone": "telephone call telephone-fill",
    "printer": "print printer-fill", "refresh": "refresh-cw arrow-clockwise sync", "share": "share-2 share-fill share-social",
    "shield": "shield-fill", "tag": "tag-fill pricetag", "terminal": "terminal-2 terminal-fill", "battery": "battery-full battery-half",
    "bookmark": "bookmark-fill", "video": "camera-video videocam camera-video-fill", "volume": "volume-2 volume-up volume-high volume-up-fill",
    "warning": "alert-triangle triangle-alert exclamation-triangle alert", "info": "info-circle information-circle info-circle-fill",
    "question": "help-circle question-circle circle-help help", "code": "code-slash code-2", "rocket": "rocket-takeoff", "gift": "gift-fill",
    "coffee": "cup-hot cafe cup", "book": "book-open book-fill", "briefcase": "briefcase-fill", "chart": "bar-chart chart-bar bar-chart-2 graph",
    "chat": "message-circle message-square comment chat-fill chatbubble", "clipboard": "clipboard-fill", "copy": "files", "cpu": "cpu-fill hardware-chip",
    "credit-card": "credit-card-fill card", "arrow-left": "arrow-back", "arrow-right": "arrow-forward", "fire": "flame",
    "lightbulb": "bulb light-bulb", "lightning": "zap bolt lightning-fill flash", "save": "device-floppy floppy", "tools": "tool wrench build",
    "unlock": "lock-open lock-open-outline", "users": "people people-fill", "car": "car-front car-sport", "robot": "bot",
    "music": "music-note musical-note", "send": "send-fill paper-airplane", "pin": "map-pin location geo-alt", "thumbs-up": "thumb-up hand-thumbs-up thumbsup",
    "headphones": "headset",
}  # fmt: skip
USES = {
    "search": "It usually starts a search.", "trash": "It is usually used to delete something.", "gear": "It usually opens settings.",
    "home": "It usually leads to the start page.", "user": "It stands for a user or an account.", "lock": "It stands for security or a locked state.",
    "bell": "It stands for notifications.", "download": "It is usually used to download a file.", "upload": "It is usually used to upload a file.",
    "heart": "It is often used for likes or favourites.", "star": "It is often used for favourites or ratings.", "mail": "It stands for e-mail or messages.",
    "calendar": "It stands for dates or events.", "folder": "It stands for a folder.", "play": "It usually starts playback.", "pause": "It usually pauses playback.",
    "edit": "It is usually used to edit something.", "plus": "It is usually used to add something.", "close": "It is usually used to close or cancel.",
    "check": "It means success or done.", "cart": "It stands for a shopping cart.", "menu": "It usually opens a menu.", "filter": "It is used to filter a list.",
    "bug": "It stands for a bug or debugging.", "database": "It stands for a database.", "cloud": "It stands for cloud services.",
    "warning": "It warns of a problem.", "info": "It stands for information.", "question": "It stands for help.",
}  # fmt: skip


@lru_cache(maxsize=1)
def icon_files() -> dict[str, list[Path]]:
    """Files of each icon in the fetched packages."""
    root = state_folder() / "assets" / "npm" / "node_modules"
    found: dict[str, list[Path]] = {}
    for name in ICONS:
        names = [name, *_OTHER_NAMES.get(name, "").split()]
        paths = [root / folder / pattern.format(n) for n in names for folder, pattern in _FOLDERS]
        existing = sorted({p for p in paths if p.exists()})
        if existing:
            found[name] = existing
    return found


@lru_cache(maxsize=3000)
def icon_mask(path: Path, size: int) -> Image.Image:
    """The icon's coverage as an 8-bit mask."""
    import resvg_py

    svg = path.read_text().replace("currentColor", "#000000").replace('class="ionicon"', "")
    svg = svg.replace("ionicon-fill-none", '" fill="none').replace("ionicon-stroke-width", '" stroke="#000" stroke-width="32')
    data = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return Image.open(io.BytesIO(data)).convert("RGBA").getchannel("A")


def paste_icon(canvas: Canvas, name: str, x: float, y: float, size: int, colour: Colour) -> None:
    mask = icon_mask(canvas.rng.choice(icon_files()[name]), size)
    canvas.image.paste(Image.new("RGB", mask.size, colour), (int(x), int(y)), mask)
    canvas.box("icon", x, y, x + size, y + size)


def icon(rng: random.Random, words: Words, split: str) -> Drawing:
    dark = rng.random() < 0.35
    background: Colour = rng.choice([(30, 30, 30), (20, 24, 34), (0, 0, 0)]) if dark else rng.choice([(255, 255, 255)] * 3 + [(240, 240, 240), (225, 235, 250)])
    plain = "white" if dark else "black"
    name_of_colour = rng.choice([*COLOURS, plain])
    colour = PALETTE.get(name_of_colour, (255, 255, 255) if dark else (15, 15, 15))
    labels = {"kind": KINDS.index("icon"), "theme": int(dark)}
    if name_of_colour in COLOURS:
        labels["colour"] = COLOURS.index(name_of_colour)
    names = sorted(icon_files())
    if rng.random() < 0.72:
        return _single(rng, split, dark, background, name_of_colour, colour, labels, rng.choice(names))
    columns, rows, size = rng.randint(2, 4), rng.randint(1, 3), rng.choice([32, 40, 48, 64])
    gap = int(size * 0.8)
    canvas = Canvas(rng, columns * (size + gap) + gap, rows * (size + gap) + gap, background)
    chosen = rng.sample(names, columns * rows)
    for index, name in enumerate(chosen):
        paste_icon(canvas, name, gap + (index % columns) * (size + gap), gap + (index // columns) * (size + gap), size, colour)
    shown = [name.replace("-", " ") for name in chosen]
    text = f"This image is a grid of {len(chosen)} {name_of_colour} icons in {plural(rows, 'row')} and {number_word(columns)} columns: {listing(shown)}. There is no text."
    turns = [
        Turn(question(rng, "explain", split), text, "explain"),
        Turn("How many icons are there?", f"There are {len(chosen)} icons.", "count"),
        Turn(question(rng, "alt", split), f"Grid of {len(chosen)} {name_of_colour} icons", "alt"),
    ]
    labels |= {"subkind": SUBKINDS.index("icons"), "count": len(chosen)}
    return Drawing(canvas, "icon", labels, turns, {}, "icons")


def _single(rng: random.Random, split: str, dark: bool, background: Colour, colour_name: str, colour: Colour, labels: dict[str, int], name: str) -> Drawing:
    size = rng.choice([96, 128, 192, 256])
    width = int(size * rng.uniform(1.02, 1.9))
    canvas = Canvas(rng, width, width, background)
    ground = f"on a {'dark' if dark else 'light'} background"
    if rng.random() < 0.25:
        badge = rng.choice(COLOURS)
        if rng.random() < 0.5:
            canvas.draw.ellipse((2, 2, width - 2, width - 2), fill=PALETTE[badge])
        else:
            canvas.rectangle(2, 2, width - 2, width - 2, fill=PALETTE[badge], radius=width // 5)
        inner = int(size * 0.62)
        paste_icon(canvas, name, (width - inner) // 2, (width - inner) // 2, inner, (255, 255, 255))
        colour_name, ground = "white", f"on a {badge} background"
        labels["colour"] = COLOURS.index(badge)
    else:
        paste_icon(canvas, name, (width - size) // 2, (width - size) // 2, size, colour)
    shown = name.replace("-", " ")
    text = f"This image is an icon: a single {colour_name} {shown} icon {ground}. {USES.get(name, 'There is no text.')}"
    turns = [
        Turn(question(rng, "explain", split), text, "explain"),
        Turn(rng.choice(["What does this icon show?", "What is this icon?", "Which icon is this?"]), f"It is {article(shown)} icon.", "icon"),
        Turn(question(rng, "alt", split), f"{capital(colour_name)} {shown} icon", "alt"),
        Turn("What colour is the icon?", f"The icon is {colour_name}.", "colour"),
        Turn("What is it used for?", USES.get(name, f"It stands for {shown}."), "use"),
    ]
    labels |= {"subkind": SUBKINDS.index("icon"), "icon": ICONS.index(name), "count": 1}
    return Drawing(canvas, "icon", labels, turns, {"icon": shown}, "an icon")
