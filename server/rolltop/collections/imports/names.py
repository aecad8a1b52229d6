"""From headers and file names to names of columns and tables (threat model S7).

A letter of any script, then letters, digits and `_`; composed (NFC), at most 63 characters. What people wrote is kept
as the label.
"""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 63
_ENDINGS = r"\.(csv|tsv|tab|txt|psv|dat|xlsx|xlsm|xls|xlsb|ods|json|ndjson|jsonl|geojson|parquet|sqlite3?|db)$"


def is_name(text: str) -> bool:
    """Whether Rolltop creates something of that name."""
    return (
        0 < len(text) <= LONGEST
        and unicodedata.is_normalized("NFC", text)
        and _is_letter(text[0])
        and all(map(_is_part, text))
        and not text.lower().startswith("sqlite_")
    )


def name_from(text: str, otherwise: str) -> str:
    """`text` if it is a name already, else the nearest name in lower case, else `otherwise`."""
    composed = unicodedata.normalize("NFC", text.strip())
    if is_name(composed):
        return composed
    made = "".join(part if _is_part(part) else "_" for part in composed.lower())
    made = re.sub("_+", "_", made).strip("_")
    if made and not _is_letter(made[0]):
        made = f"{otherwise}_{made}"
    made = unicodedata.normalize("NFC", made[:LONGEST]).rstrip("_")
    return made if is_name(made) else otherwise


def unique_names(headers: Iterable[str]) -> list[str]:
    """A name for each header, made different from the ones before; SQLite knows no difference between a and A."""
    taken: set[str] = set()
    names = []
    for place, header in enumerate(headers, 1):
        name = free_name(name_from(header, "column" if header.strip() else f"column_{place}"), taken)
        taken.add(name.lower())
        names.append(name)
    return names


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or the first of `wanted_2`, `wanted_3` … that is not among `taken`, capitals or not."""
    lower = {name.lower() for name in taken}
    name, number = wanted, 1
    while name.lower() in lower:
        number += 1
        ending = f"_{number}"
        name = wanted[: LONGEST - len(ending)] + ending
    return name


def table_name(file_name: str) -> str:
    """The name of the table that a file of that name becomes."""
    stem = re.split(r"[/\\]", file_name)[-1]
    stem = re.sub(r"\.(gz|zip)$", "", stem, flags=re.IGNORECASE)
    stem = re.sub(_ENDINGS, "", stem, flags=re.IGNORECASE)
    return name_from(stem, "table")


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L"


def _is_part(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] == "L" or unicodedata.category(character) == "Nd"
