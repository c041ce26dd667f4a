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

_LONGEST = 3
"""Words of an emoji's name: longer ones are rarely asked for."""
_SKIN = re.compile(r"-(light|medium-light|medium|medium-dark|dark)$")
_FLUENT_GROUPS = {"Activities", "Animals & Nature", "Flags", "Food & Drink", "Objects", "Smileys & Emotion", "Symbols", "Travel & Places"}  # fmt: skip
_PEOPLE = set(
    "anatomical-heart artist astronaut baby boy brain bone bust-in-silhouette busts-in-silhouette clapping-hands child cook "
    "construction-worker detective ear eye eyes farmer firefighter flexed-biceps folded-hands foot footprints girl guard handshake "
    "lungs man mechanic mouth ninja nose ok-hand old-man old-woman person person-running person-walking pilot police-officer prince "
    "princess raised-fist raised-hand santa-claus scientist singer student superhero teacher technologist thumbs-down thumbs-up "
    "tongue tooth troll victory-hand waving-hand woman writing-hand person-superhero person-biking person-swimming person-mage".split()
)
_LEFT_OUT = re.compile(
    r"japanese-|keycap|-button-blood|-button$|-arrow$|arrow-|aries|taurus|gemini|cancer|leo$|virgo|libra|scorpio|sagittarius|capricorn|aquarius|"
    r"pisces|ophiuchus|-square$|suit$|khanda|menorah|orthodox|ohm|om$|^no-|anguished|confounded|downcast|hushed|frowning-face|-medium-|"
    r"lacrosse|curling|hamsa|nazar|oden|dango|tamale|falafel|custard|sake|mate$|fondue|postal|-moon-face|quarter|waning|waxing|gibbous|"
    r"oclock|-thirty|mens-room|womens-room|input-|-skin|globe-showing-(asia|europe)|transgender|"
    r"^(atm-sign|m|part-alternation-mark|person-mage)$"
)
_BRANDS = set("android-os bbc debian google icons8-cup ipad iphone kindle linux nook reddit steam stumbleupon usb vip vlc wikipedia dribbble".split())
_ODD = re.compile(
    r"addon|column|row|capacitor|crystal|cable|trading|dynamic|landscape|portrait|mode|placeholder|priority|trademark|copy|mark$|threshold|"
    r"decision|slr|sim-card|lock-|identification|gender|smartphones|transfer|webcam|reuse|podium|genealogy|timeline|in-transit|butting|"
    r"feed-in|oscillator|electro-|overtime|disclaimer|fine-print|library|rules|no-|do-not|entering|light-at|left-|right-|up-|down-|answers|bearish|bullish|compact-|rotate|serial|parallel|android"
)
_LINE_ICONS = set(
    "house user users search settings heart star bell mail phone camera image video music mic clock calendar folder file file-text "
    "file-code book bookmark pen pencil trash-2 download upload link lock lock-open key shield eye eye-off sun moon cloud cloud-rain "
    "zap flame droplet leaf flower tree-pine bird cat dog fish rabbit turtle bug rocket plane car bus bike truck ship anchor map map-pin "
    "compass globe flag tag gift shopping-cart credit-card wallet coins banknote briefcase building hospital school factory store "
    "hammer wrench cog gauge lightbulb lamp battery plug monitor laptop smartphone tablet keyboard mouse printer server database cpu "
    "hard-drive wifi bluetooth radio tv headphones speaker gamepad puzzle dices trophy medal crown gem coffee pizza apple banana cherry "
    "carrot cake cookie egg beer wine umbrella glasses shirt watch scissors ruler brush palette microscope telescope flask-conical atom "
    "brain dna pill stethoscope syringe bot code terminal git-branch git-merge git-pull-request package box archive inbox send share "
    "message-circle message-square info check x plus minus circle-check circle-x triangle-alert arrow-up arrow-down arrow-left "
    "arrow-right refresh-cw play pause menu list filter layers table chart-pie chart-line chart-bar newspaper notebook clipboard "
    "paperclip magnet target skull ghost smile frown thumbs-up thumbs-down hand footprints mountain tent bed bath armchair door-open "
    "window key-round fan thermometer snowflake rainbow wind waves guitar piano drum ticket film clapperboard rss languages".split()
)


_CHOSEN = {
    "fluent-emoji-flat": "airplane;alarm clock;alien;anchor;ant;artist palette;astronaut;automobile;avocado;balloon;banana;bar chart;bear;bell;"
    "bicycle;bird;birthday cake;books;bomb;broken heart;bug;bus;butterfly;cactus;calendar;camera;candle;carrot;castle;cat;cat face;check mark;"
    "cherries;christmas tree;clipboard;cloud;cloud with rain;coin;compass;cookie;crescent moon;cross mark;crown;desktop computer;dog;dog face;"
    "dolphin;door;dragon face;droplet;duck;electric plug;elephant;envelope;evergreen tree;eye;file folder;fire;fish;floppy disk;flying saucer;"
    "fox;frog;gear;gem stone;ghost;glasses;globe with meridians;graduation cap;grapes;green circle;guitar;hamburger;hammer;headphone;"
    "helicopter;high voltage;honeybee;horse;hospital;hot beverage;hourglass done;house;ice cream;information;jack o lantern;key;keyboard;kite;"
    "laptop;lemon;light bulb;lion;locked;magnet;megaphone;memo;microphone;microscope;mobile phone;money bag;mountain;mouse face;"
    "musical note;newspaper;octopus;owl;package;palm tree;panda;paperclip;party popper;pencil;penguin;pie;pig face;pineapple;pizza;"
    "printer;puzzle piece;rabbit;rabbit face;rainbow;red apple;red circle;red heart;robot;rocket;rose;sailboat;satellite;school;scissors;scroll;"
    "shark;shield;ship;shopping cart;skull;smiling face;snail;snowflake;snowman;soccer ball;speech balloon;star;glowing star;strawberry;sun;"
    "sunflower;sunglasses;t shirt;taxi;teddy bear;telescope;tent;thumbs up;train;triangular flag;trophy;tulip;turtle;umbrella;unicorn;unlocked;"
    "volcano;warning;watermelon;whale;wrapped gift;wrench",
    "flat-color-icons": "area chart;business;calculator;cancel;clock;collaboration;command line;data protection;database;document;file;flow chart;"
    "home;idea;image file;line chart;link;list;lock;ok;opened folder;organization;pie chart;plus;process;search;settings;support;todo list;"
    "upload;workflow",
    "lucide": "anchor;arrow down;arrow left;arrow right;arrow up;battery;bell;bike;bird;book;bookmark;bot;box;bug;calendar;camera;car;cat;"
    "chart bar;chart line;chart pie;check;circle check;circle x;clock;cloud;code;coffee;cog;compass;cpu;credit card;crown;database;dog;"
    "download;droplet;eye;file;file code;fish;flag;flame;flower;folder;gem;ghost;gift;git branch;globe;guitar;hammer;headphones;heart;house;"
    "image;info;key;laptop;leaf;lightbulb;link;lock;mail;map pin;message circle;mic;monitor;moon;mountain;music;package;palette;paperclip;"
    "pencil;phone;pizza;plane;play;plus;printer;puzzle;rocket;scissors;search;send;server;settings;shield;shopping cart;smartphone;smile;"
    "snowflake;star;sun;target;tent;terminal;trophy;truck;umbrella;upload;user;users;wifi;wrench;x;zap",
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
    chosen = {name: set(names.split(";")) for name, names in _CHOSEN.items()}
    found = [c for c in [*_emoji(modules), *_flat(modules), *_line(modules)] if c.names[0] in chosen[c.icon_set]]
    return sorted(found, key=lambda concept: (concept.icon_set, concept.icon))


def _icons(modules: Path, name: str) -> dict[str, str]:
    """SVG text of each icon of a set."""
    data = json.loads((modules / ICON_SETS[name] / "icons.json").read_text())
    width, height = data.get("width", 16), data.get("height", 16)
    return {
        icon: f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {value.get("width", width)} {value.get("height", height)}">{value["body"]}</svg>'
        for icon, value in data["icons"].items()
    }


def _emoji(modules: Path) -> list[Concept]:
    groups = json.loads((modules / ICON_SETS["fluent-emoji-flat"] / "metadata.json").read_text())["categories"]
    named: dict[str, Any] = json.loads((modules / "unicode-emoji-json" / "data-by-emoji.json").read_text())
    keywords = json.loads((modules / "emojilib" / "dist" / "emoji-en-US.json").read_text())
    words = {plain(value["name"]): keywords.get(emoji, []) for emoji, value in named.items()}
    icons = _icons(modules, "fluent-emoji-flat")
    chosen = {icon for group in _FLUENT_GROUPS for icon in groups[group]} | _PEOPLE
    found = []
    for icon in sorted(chosen & icons.keys()):
        if _SKIN.search(icon) or _LEFT_OUT.search(icon):
            continue
        name = plain(icon)
        if len(name.split()) > _LONGEST:
            continue
        short = re.sub(r" (face|button|symbol|suit)$", "", name)
        others = [plain(word) for word in words.get(name, [])][:4]
        found.append(Concept("fluent-emoji-flat", icon, "flat", _distinct([name, short, *others]), icons[icon]))
    return found


def _flat(modules: Path) -> list[Concept]:
    return [
        Concept("flat-color-icons", icon, "flat", _distinct([plain(re.sub(r"-?\d+$", "", icon))]), svg)
        for icon, svg in _icons(modules, "flat-color-icons").items()
        if icon not in _BRANDS and not _ODD.search(icon)
    ]


def _line(modules: Path) -> list[Concept]:
    tags = json.loads((modules / "lucide-static" / "tags.json").read_text())
    return [
        Concept("lucide", icon, "line", _distinct([plain(re.sub(r"-\d$", "", icon)), *map(plain, tags.get(icon, [])[:3])]), svg)
        for icon, svg in _icons(modules, "lucide").items()
        if icon in _LINE_ICONS
    ]


def plain(name: str) -> str:
    """`glass-of_milk` to `glass of milk`."""
    return re.sub(r"[^a-z0-9']+", " ", name.lower()).strip()


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
