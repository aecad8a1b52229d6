"""Native file dialogs, asked for over the pipe: what the server may ask, and what its answer looks like."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

Kind = Literal["open", "save", "folder"]
KINDS: tuple[Kind, ...] = ("open", "save", "folder")
ALL_FILES = "All files (*)"

_FILTER = re.compile(r"[\w ]+ \(\*(?:\.\w+)?(?:;\*\.\w+)*\)")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')

Native = Callable[[Kind, Sequence[str], str], object]
"""Shows the dialog and waits; gives a text, a list or tuple of texts, or nothing."""


def ask(native: Native, kind: str, filters: Sequence[str], name: str) -> str | None:
    """Let the person choose one path; None when they chose none or the kind is not known.

    `filters` are like `Tables (*.csv;*.tsv)`; what is not of that form is left out. `name` is a suggestion for `save`.
    """
    asked = next((known for known in KINDS if known == kind), None)
    if asked is None:
        return None
    known = [text for text in filters if _FILTER.fullmatch(text)] or [ALL_FILES]
    chosen = native(asked, known, file_name(name))
    if isinstance(chosen, str):
        return chosen or None
    if isinstance(chosen, list | tuple) and chosen and isinstance(chosen[0], str):
        return chosen[0] or None
    return None


def file_name(name: str) -> str:
    """A suggestion as a plain file name, without folders and characters that some file system refuses."""
    return _NOT_IN_NAMES.sub("_", name).strip(" .")[:200]
