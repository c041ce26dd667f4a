"""Vocabularies of what a rendered image can be labelled with (targets of encoder pretraining)."""
from __future__ import annotations

KINDS = ["code", "terminal", "chart", "diagram", "ui", "icon", "document", "photo", "table"]
SUBKINDS = (
    "code diff editor terminal error tests log bar hbar line pie scatter area stacked grouped histogram "
    "flowchart sequence class er state tree architecture login settings dashboard dialog list mobile "
    "icon icons page slide invoice landscape abstract table browser menu chat kanban calendar portrait "
    "texture object heatmap radar gantt mindmap network json spreadsheet other"
).split()
LANGUAGES = (
    "Python JavaScript TypeScript Go Rust C Java Shell SQL HTML CSS JSON YAML Dockerfile C++ C# Ruby PHP "
    "Kotlin Swift TOML Markdown"
).split()
COLOURS = "red green blue orange purple yellow teal pink gray brown".split()
REGIONS = (
    "text code node edge bar line pie axis button input picture icon panel cell error toggle"
).split()
ICONS = (
    "search trash gear home user lock bell download upload heart star mail calendar folder play pause edit "
    "plus close check cart menu filter bug database cloud camera clock eye file flag globe image key link "
    "map microphone moon sun phone printer refresh share shield tag terminal wifi battery bookmark video "
    "volume warning info question code git-branch rocket gift coffee book briefcase chart chat clipboard "
    "copy cpu credit-card arrow-up arrow-down arrow-left arrow-right chevron-down chevron-right fire "
    "lightbulb lightning save tools truck umbrella unlock users car robot music power send pin thumbs-up "
    "headphones"
).split()

HEADS = {
    "kind": len(KINDS),
    "subkind": len(SUBKINDS),
    "theme": 2,
    "language": len(LANGUAGES),
    "icon": len(ICONS),
    "count": 13,
    "highest": 12,
    "lowest": 12,
    "trend": 3,
    "topology": 3,
    "direction": 2,
    "colour": len(COLOURS),
    "toggle": 2,
}
MAX_NODES = 8
