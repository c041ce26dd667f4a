"""What the teacher (`teacher.py`) left in the state folder: features and kinds of real images. Nothing where it never ran."""
from __future__ import annotations

import json
from typing import Any

import numpy as np

from .config import state_folder
from .reader import TEACHER_WIDTH

NOT_SEEN = np.zeros(TEACHER_WIDTH, "float32")


def seen_by_teacher() -> dict[str, np.ndarray]:
    """(TEACHER_WIDTH,) float32 of unit length by file name."""
    path = state_folder() / "real" / "teacher.npz"
    if not path.exists():
        return {}
    with np.load(path) as saved:
        return dict(zip(saved["files"].tolist(), saved["features"].astype("float32")))


def pseudo_labelled() -> list[dict[str, Any]]:
    """Unlabelled real images whose kind the teacher is sure of."""
    path = state_folder() / "real" / "pseudo.json"
    return json.loads(path.read_text()) if path.exists() else []
