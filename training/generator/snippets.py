"""Source code to render: own templates with a written description, and installed sources described by their text."""
from __future__ import annotations

import ast
import random
import re
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..config import state_folder
from .phrasing import code_list
from .words import Words, fill


@dataclass(frozen=True)
class Snippet:
    language: str
    file: str
    code: str
    description: str
    name: str = ""


@lru_cache(maxsize=1)
def _templates() -> tuple[tuple[str, str, str, str], ...]:
    text = (Path(__file__).parent / "data" / "snippets.txt").read_text()
    blocks = re.split(r"^(?=# [\w+#]+ \| )", text, flags=re.MULTILINE)
    out = []
    for block in filter(None, (b.strip() for b in blocks)):
        head, code = block.split("\n", 1)
        language, file, description = (part.strip() for part in head[2:].split("|", 2))
        out.append((language, file, description, code.replace("\t", "    ")))
    return tuple(out)


def from_template(rng: random.Random, words: Words, language: str | None = None) -> Snippet:
    """A template filled with words; a pair of snippets is sometimes joined in one file."""
    pool = [t for t in _templates() if language in (None, t[0])]
    chosen, file, description, code = rng.choice(pool)
    values = words.variables()
    filled = fill(description, values)
    names = re.findall(r"`([^`]+)`", filled)
    return Snippet(chosen, fill(file, values), fill(code, values), filled, names[0] if names else "")


def _python_sources() -> list[Path]:
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = [*root.glob("*.py"), *root.glob("*/*.py")]
    return sorted(p for p in paths if not any(part in str(p) for part in ("test", "site-packages", "idlelib")))


def _web_sources() -> list[Path]:
    """TypeScript and JavaScript of the npm packages fetched for training (permissive licences)."""
    root = state_folder() / "assets" / "npm" / "node_modules"
    paths = [p for name in ("rxjs/src", "zod/src") for p in (root / name).rglob("*.ts")]
    return sorted(p for p in paths if "test" not in str(p) and not p.name.endswith(".d.ts"))


_DEFINITION = {
    "Python": r"^\s*(?:async )?(?:def|class) (\w+)",
    "TypeScript": r"^(?:export )?(?:default )?(?:async )?(?:abstract )?(?:function\*?|class|interface|type|const) (\w+)",
    "JavaScript": r"^(?:export )?(?:async )?(?:function\*?|class|const) (\w+)",
}
_IMPORT = {"Python": r"^(?:import|from) ([\w.]+)", "TypeScript": r"from ['\"]([^'\"]+)['\"]", "JavaScript": r"from ['\"]([^'\"]+)['\"]"}


def describe(language: str, code: str, comment: str = "") -> tuple[str, str]:
    """Description and first name of code that comes without one."""
    kinds = re.findall(r"^\s*(?:export |default |async |abstract )*(class|def|function|interface|type|const)\b", code, re.MULTILINE)
    names = list(dict.fromkeys(re.findall(_DEFINITION[language], code, re.MULTILINE)))[:4]
    imports = list(dict.fromkeys(re.findall(_IMPORT[language], code, re.MULTILINE)))[:3]
    noun = {"def": "function", "function": "function", "const": "constant", "type": "type"}.get(kinds[0] if kinds else "", kinds[0] if kinds else "")
    parts = []
    if names:
        parts.append(f"It defines the {noun} `{names[0]}`" + (f" and also {code_list(names[1:])}" if names[1:] else "") + ".")
    if comment:
        parts.append(f"According to its comment: {comment}")
    if imports:
        parts.append(f"It imports {code_list(imports)}.")
    calls = [c for c in dict.fromkeys(re.findall(r"\b([a-z_]\w{3,})\(", code)) if c not in names and c not in ("function", "return", "print")][:3]
    if calls and not comment:
        parts.append(f"It calls {code_list(calls)}.")
    if re.search(r"\b(raise|throw)\b", code):
        parts.append("It raises an error for bad input." if language == "Python" else "It throws an error in some cases.")
    elif re.search(r"\b(try|except|catch)\b", code):
        parts.append("It handles errors.")
    return " ".join(parts), names[0] if names else ""


def _first_sentence(text: str) -> str:
    match = re.match(r"(.{8,130}?[.!?])(\s|$)", " ".join((text or "").split()))
    return match.group(1) if match else ""


@lru_cache(maxsize=1)
def harvested() -> tuple[Snippet, ...]:
    """Functions and classes of installed sources, in a fixed order."""
    rng = random.Random(0)
    out: list[Snippet] = []
    paths = _python_sources()
    rng.shuffle(paths)
    for path in paths[:160]:
        try:
            source = path.read_text()
            tree = ast.parse(source)
        except (SyntaxError, UnicodeDecodeError):
            continue
        lines = source.split("\n")
        nodes = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and 4 <= (n.end_lineno or 0) - n.lineno]
        for node in nodes[:8]:
            code = "\n".join(lines[node.lineno - 1 : min(node.end_lineno or 0, node.lineno + 28)])
            if max(map(len, code.split("\n"))) <= 100:
                text, name = describe("Python", code, _first_sentence(ast.get_docstring(node) or ""))
                out.append(Snippet("Python", path.name, code, text, name))
    for path in _web_sources():
        lines = path.read_text(errors="ignore").replace("\t", "    ").split("\n")
        starts = [i for i, line in enumerate(lines) if re.match(_DEFINITION["TypeScript"], line)]
        for start in [0, *starts[:3]]:
            code = "\n".join(lines[start : start + 24]).strip("\n")
            if code.count("\n") >= 4 and max(map(len, code.split("\n"))) <= 110:
                text, name = describe("TypeScript", code)
                if text:
                    out.append(Snippet("TypeScript", path.name, code, text, name))
    return tuple(out)


def snippet(rng: random.Random, words: Words, split: str) -> Snippet:
    """Code to render; every tenth harvested piece is kept for the held-out split."""
    if rng.random() < 0.25:
        pool = [s for i, s in enumerate(harvested()) if (i % 10 == 0) == (split == "heldout")]
        if pool:
            return rng.choice(pool)
    return from_template(rng, words)


