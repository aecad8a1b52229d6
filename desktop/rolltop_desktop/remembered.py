"""What the window keeps from one start to the next: its size, its zoom, the port that holds the page's storage."""

import json
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rolltop.kit.files import write_private

FILE = "window.json"

log = logging.getLogger("rolltop_desktop.remembered")


@dataclass(slots=True)
class Remembered:
    """Sizes are in logical pixels."""

    width: int = 1280
    height: int = 800
    maximized: bool = False
    zoom: float = 1.0
    port: int = 0
    """0: none was used yet."""

    @classmethod
    def load(cls, workspace: Path) -> "Remembered":
        """What was kept in the workspace; the defaults for what is missing or makes no sense."""
        kept = cls()
        try:
            found = json.loads((workspace / FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return kept
        if not isinstance(found, dict):
            return kept
        for field in fields(cls):
            value = found.get(field.name)
            usual = getattr(kept, field.name)
            if type(value) is type(usual) or (isinstance(usual, float) and type(value) is int):
                setattr(kept, field.name, value)
        kept.zoom = min(max(float(kept.zoom), 0.5), 3.0)
        kept.port = kept.port if 0 < kept.port < 65536 else 0
        return kept

    def save(self, workspace: Path) -> None:
        """Keep it; a workspace that cannot be written costs only the memory."""
        try:
            write_private(workspace / FILE, json.dumps(asdict(self)) + "\n")
        except OSError:
            log.info("The window's size could not be kept.")
