"""Postgres array literals: how the dialect writes lists."""

import re

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
BRACED = re.compile(r'\{(?:"(?:[^"\\]|\\.)*"|[^"{}])*\}', re.DOTALL)


def unescaped(text: str) -> str:
    """The inside of a quoted text: a backslash stands before any character as it is."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def array_literal(text: str, at: int = 0) -> tuple[tuple[str | None, ...], int] | None:
    """The elements of `{a,"b c",NULL}` at `at` and where it ends; None when there is no such literal."""
    found = BRACED.match(text, at)
    if found is None:
        return None
    inner = found.group()[1:-1]
    if not inner.strip():
        return (), found.end()
    elements: list[str | None] = []
    position = 0
    while True:
        while inner.startswith(" ", position):
            position += 1
        quoted = QUOTED.match(inner, position)
        if quoted is not None:
            elements.append(unescaped(quoted.group(1)))
            position = quoted.end()
            while inner.startswith(" ", position):
                position += 1
        else:
            comma = inner.find(",", position)
            raw = inner[position : len(inner) if comma < 0 else comma]
            position += len(raw)
            raw = unescaped(raw.strip())
            elements.append(None if raw.upper() == "NULL" else raw)
        if position >= len(inner):
            return tuple(elements), found.end()
        if inner[position] != ",":
            return None
        position += 1


def array_elements(text: str) -> tuple[str | None, ...] | None:
    """The elements of a text that is one array literal; None for other texts."""
    found = array_literal(text.strip())
    return None if found is None or found[1] != len(text.strip()) else found[0]
