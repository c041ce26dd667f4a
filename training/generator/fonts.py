"""Fonts installed on this machine, by style; whatever is there is used."""
from __future__ import annotations

import glob
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

_ROOTS = ("/usr/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
_STYLES = {
    "mono": (
        "DejaVuSansMono LiberationMono-Regular JetBrainsMono-Regular FiraCode-Regular Hack-Regular "
        "NotoSansMono-Regular Inconsolata Menlo Consola"
    ),
    "sans": (
        "DejaVuSans LiberationSans-Regular NotoSans-Regular OpenSans-Regular Lato-Regular Roboto-Regular "
        "Inter-Regular LiberationSansNarrow-Regular Arial"
    ),
    "serif": "DejaVuSerif LiberationSerif-Regular NotoSerif-Regular Times",
}


@lru_cache(maxsize=1)
def _installed() -> dict[str, str]:
    paths = [
        path
        for root in _ROOTS
        for extension in ("ttf", "otf")
        for path in glob.glob(f"{root}/**/*.{extension}", recursive=True)
    ]
    return {Path(path).stem: path for path in sorted(paths)}


@lru_cache(maxsize=8)
def family(style: str) -> list[str]:
    """Paths of the regular fonts of a style: "mono", "sans" or "serif"."""
    found = [_installed()[name] for name in _STYLES[style].split() if name in _installed()]
    if not found:
        raise RuntimeError(f"no {style} font found; install DejaVu or Liberation fonts")
    return found


def bold(path: str) -> str:
    """The bold sister of a font, or the font itself."""
    stem = Path(path).stem
    for name in (stem.replace("Regular", "Bold"), f"{stem}-Bold"):
        if name != stem and name in _installed():
            return _installed()[name]
    return path


@lru_cache(maxsize=512)
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
