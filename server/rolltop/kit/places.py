"""Where things lie on this machine. Loads nothing but platformdirs, so that the window can ask before anything else."""

import hashlib
import os
from pathlib import Path

import platformdirs

SQLITE_SUFFIXES = frozenset({".sqlite", ".sqlite3", ".db", ".db3"})


def home() -> Path:
    """The folder of everything that Rolltop keeps for this user; `ROLLTOP_HOME` overrides the platform's."""
    named = os.environ.get("ROLLTOP_HOME")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("rolltop", appauthor=False))


def default_workspace() -> Path:
    """The workspace that is opened when none is named."""
    return home() / "workspace"


def workspace_beside(file: Path) -> Path:
    """The workspace of an SQLite file that is opened where it lies: readable, and its own for each absolute path."""
    return home() / "in-place" / f"{file.stem[:40]}-{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"


def log_folder() -> Path:
    """Where logs of all workspaces go."""
    if os.environ.get("ROLLTOP_HOME"):
        return home() / "logs"
    return Path(platformdirs.user_log_dir("rolltop", appauthor=False))


def cache_folder() -> Path:
    """Where the window's web engine keeps what it can fetch again."""
    if os.environ.get("ROLLTOP_HOME"):
        return home() / "cache"
    return Path(platformdirs.user_cache_dir("rolltop", appauthor=False))
