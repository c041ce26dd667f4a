"""Training state on disk: written beside the old one and renamed, so that a kill never corrupts it."""
from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch


def save(path: Path, value: dict[str, Any]) -> None:
    """Write `value` atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + f".{os.getpid()}.tmp")
    torch.save(value, temporary)
    os.replace(temporary, path)


def load(path: Path) -> dict[str, Any] | None:
    """The state at `path`, or None when there is none."""
    if not path.exists():
        return None
    return torch.load(path, map_location="cpu", weights_only=True)


class Ticker:
    """Says when the next checkpoint is due and counts the seconds of training across restarts.

    A stage asks at every step. Where it could not for longer, because the process was stopped, only `LONGEST` counts.
    """

    LONGEST = 60.0

    def __init__(self, minutes: float, elapsed: float = 0.0) -> None:
        self.period = minutes * 60
        self.counted = elapsed
        self.asked = self.last = time.monotonic()

    @property
    def elapsed(self) -> float:
        now = time.monotonic()
        self.counted += min(self.LONGEST, now - self.asked)
        self.asked = now
        return self.counted

    def due(self) -> bool:
        """True once per period."""
        if time.monotonic() - self.last < self.period:
            return False
        self.last = time.monotonic()
        return True
