"""How a column of an import's type is declared in SQL, so that any SQLite tool reads its type and none breaks it."""

from collections.abc import Sequence

from rolltop.data.quoting import quote_text
from rolltop.data.types import of_declared

_DECLARED = {"email": "TEXT", "url": "TEXT", "choice": "TEXT"}


def declared(type_name: str) -> str:
    """The declared type: `DATE`."""
    return _DECLARED.get(type_name, type_name.upper())


def checks(column: str, type_name: str, choices: Sequence[str] = ()) -> list[str]:
    """The CHECK expressions that hold the quoted `column` to the type; of a choice, to `choices`."""
    held = of_declared(declared(type_name)).check(column)
    return [each for each in (held, _narrower(column, type_name, choices)) if each is not None]


def _narrower(column: str, type_name: str, choices: Sequence[str]) -> str | None:
    """What the type asks beyond its storage. Looser than what an import takes for one: people write to it later."""
    match type_name:
        case "email":
            return f"{column} LIKE '_%@_%' AND {column} NOT LIKE '%@%@%' AND {column} NOT LIKE '% %'"
        case "url":
            return f"{column} LIKE 'http://_%' OR {column} LIKE 'https://_%' OR {column} LIKE 'ftp://_%'"
        case "choice":
            return f"{column} IN ({', '.join(map(quote_text, choices))})" if choices else None
    return None
