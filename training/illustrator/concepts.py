"""Which icons of which npm packages are learnt, under which names. Permissive licences only, no brand marks."""
from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .recipe import illustrator_folder

ICON_SETS = {
    "fluent-emoji-flat": "@iconify-json/fluent-emoji-flat",  # Microsoft, MIT
    "flat-color-icons": "@iconify-json/flat-color-icons",  # Icons8, MIT
    "lucide": "@iconify-json/lucide",  # Lucide Contributors, ISC
}
NAMES = ["emojilib", "unicode-emoji-json", "lucide-static"]  # MIT, MIT, ISC: further words for the same things

_CHOSEN = {
    "fluent-emoji-flat": (
        "airplane alarm-clock alien anchor ant artist-palette astronaut automobile avocado balloon banana bar-chart bear "
        "bell bicycle bird birthday-cake bomb books broken-heart bug bus butterfly cactus calendar camera candle carrot "
        "castle cat cat-face check-mark cherries christmas-tree clipboard cloud cloud-with-rain coin compass cookie "
        "crescent-moon cross-mark crown desktop-computer dog dog-face dolphin door dragon-face droplet duck electric-plug "
        "elephant envelope evergreen-tree eye file-folder fire fish floppy-disk flying-saucer fox frog gear gem-stone "
        "ghost glasses globe-with-meridians glowing-star graduation-cap grapes green-circle guitar hamburger hammer "
        "headphone helicopter high-voltage honeybee horse hospital hot-beverage hourglass-done house ice-cream "
        "information jack-o-lantern key keyboard kite laptop lemon light-bulb lion locked magnet megaphone memo "
        "microphone microscope mobile-phone money-bag mountain mouse-face musical-note newspaper octopus owl package "
        "palm-tree panda paperclip party-popper pencil penguin pie pig-face pineapple pizza printer puzzle-piece rabbit "
        "rabbit-face rainbow red-apple red-circle red-heart robot rocket rose sailboat satellite school scissors scroll "
        "shark shield ship shopping-cart skull smiling-face snail snowflake snowman soccer-ball speech-balloon star "
        "strawberry sun sunflower sunglasses t-shirt taxi teddy-bear telescope tent thumbs-up train triangular-flag "
        "trophy tulip turtle umbrella unicorn unlocked volcano warning watermelon whale wrapped-gift wrench"
    ).split(),
    "flat-color-icons": (
        "area-chart business calculator cancel clock collaboration command-line data-protection database document file "
        "flow-chart home idea image-file line-chart link list lock ok opened-folder organization pie-chart plus process "
        "search settings support todo-list upload workflow"
    ).split(),
    "lucide": (
        "anchor arrow-down arrow-left arrow-right arrow-up battery bell bike bird book bookmark bot box bug calendar "
        "camera car cat chart-bar chart-line chart-pie check circle-check circle-x clock cloud code coffee cog compass "
        "cpu credit-card crown database dog download droplet eye file file-code fish flag flame flower folder gem ghost "
        "gift git-branch globe guitar hammer headphones heart house image info key laptop leaf lightbulb link lock mail "
        "map-pin message-circle mic monitor moon mountain music package palette paperclip pencil phone pizza plane play "
        "plus printer puzzle rocket scissors search send server settings shield shopping-cart smartphone smile snowflake "
        "star sun target tent terminal trophy truck umbrella upload user users wifi wrench x zap"
    ).split(),
}
"""What is learnt of each set: what people draw into repositories, as many as a few hours of one core can learn by heart."""


@dataclass(frozen=True)
class Concept:
    """One picture to learn: the set and icon it comes from, its style and its names, the best first."""

    icon_set: str
    icon: str
    style: str
    names: tuple[str, ...]
    svg: str


def fetch() -> Path:
    """The packages, fetched once; gives their node_modules."""
    folder = illustrator_folder() / "npm"
    modules = folder / "node_modules"
    packages = [*ICON_SETS.values(), *NAMES]
    if not all((modules / name).exists() for name in packages):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages], cwd=folder, check=True)
    return modules


def concepts(modules: Path) -> list[Concept]:
    """Every icon that is learnt, in a fixed order."""
    found = [*_emoji(modules), *_flat(modules), *_line(modules)]
    return sorted(found, key=lambda concept: (concept.icon_set, concept.icon))


def _icons(modules: Path, name: str) -> dict[str, str]:
    """SVG text of each chosen icon of a set."""
    data = json.loads((modules / ICON_SETS[name] / "icons.json").read_text())
    width, height = data.get("width", 16), data.get("height", 16)
    chosen = {icon: data["icons"][icon] for icon in _CHOSEN[name]}
    return {
        icon: f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {value.get("width", width)} {value.get("height", height)}">{value["body"]}</svg>'
        for icon, value in chosen.items()
    }


def _emoji(modules: Path) -> list[Concept]:
    named: dict[str, Any] = json.loads((modules / "unicode-emoji-json" / "data-by-emoji.json").read_text())
    keywords = json.loads((modules / "emojilib" / "dist" / "emoji-en-US.json").read_text())
    words = {plain(value["name"]): keywords.get(emoji, []) for emoji, value in named.items()}
    found = []
    for icon, svg in _icons(modules, "fluent-emoji-flat").items():
        name = plain(icon)
        short = re.sub(r" (face|button|symbol|suit)$", "", name)
        others = [plain(word) for word in words.get(name, [])][:4]
        found.append(Concept("fluent-emoji-flat", icon, "flat", _distinct([name, short, *others]), svg))
    return found


def _flat(modules: Path) -> list[Concept]:
    return [
        Concept("flat-color-icons", icon, "flat", (plain(icon),), svg)
        for icon, svg in _icons(modules, "flat-color-icons").items()
    ]


def _line(modules: Path) -> list[Concept]:
    tags = json.loads((modules / "lucide-static" / "tags.json").read_text())
    return [
        Concept("lucide", icon, "line", _distinct([plain(icon), *map(plain, tags.get(icon, [])[:3])]), svg)
        for icon, svg in _icons(modules, "lucide").items()
    ]


def plain(name: str) -> str:
    """`glass-of_milk` to `glass of milk`."""
    return re.sub(r"[^a-z0-9']+", " ", name.lower()).strip()


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
