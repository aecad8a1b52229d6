"""What an answer looks like: the Accept header (dialect, section 1.4), and the texts that an export has besides."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from rolltop.rows.errors import NotAcceptable

Form = Literal["array", "object", "csv", "values", "value"]
"""`values` and `value` are those of saved queries that return values instead of rows (dialect, section 13)."""


@dataclass(frozen=True, slots=True)
class Media:
    """The form of the body and its Content-Type; `stripped` leaves out keys that are null.

    Of a CSV: what stands between two cells, whether texts that a spreadsheet would run as formulas are `defused`, and
    whether booleans are `words`, which every program reads as such, and not the `t` and `f` of the dialect.
    """

    form: Form
    content_type: bytes
    stripped: bool = False
    delimiter: str = ","
    defused: bool = False
    words: bool = False
    single: bool = False
    """Whether exactly one row is wanted."""

    def of_values(self, *, one: bool) -> "Media":
        """The same for a query that gives values, or one value, which always counts as one row."""
        if one:
            return replace(self, form="value", single=False)
        return replace(self, form="value" if self.single else "values")


ARRAY = Media("array", b"application/json; charset=utf-8")
_STRIPPED = Media("array", b"application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8", stripped=True)
_OBJECT = Media("object", b"application/vnd.pgrst.object+json; charset=utf-8", single=True)
_STRIPPED_OBJECT = Media(
    "object", b"application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8", stripped=True, single=True
)
_CSV = Media("csv", b"text/csv; charset=utf-8")

KNOWN = {
    ("application/json", False): ARRAY,
    ("*/*", False): ARRAY,
    ("application/*", False): ARRAY,
    ("application/vnd.pgrst.array+json", False): ARRAY,
    ("application/vnd.pgrst.array", False): ARRAY,
    ("application/vnd.pgrst.array+json", True): _STRIPPED,
    ("application/vnd.pgrst.array", True): _STRIPPED,
    ("application/vnd.pgrst.object+json", False): _OBJECT,
    ("application/vnd.pgrst.object", False): _OBJECT,
    ("application/vnd.pgrst.object+json", True): _STRIPPED_OBJECT,
    ("application/vnd.pgrst.object", True): _STRIPPED_OBJECT,
    ("text/csv", False): _CSV,
    ("text/*", False): _CSV,
}

OPENAPI = b"application/openapi+json; charset=utf-8"
_OF_ROOT = frozenset({"application/openapi+json", "application/json", "application/*", "*/*"})


def accepts_document(accept: bytes | None) -> None:
    """Refuse with PGRST107 what the root does not answer: it has one document, whatever is asked for."""
    text = "" if accept is None else accept.decode("latin-1").strip()
    wanted = [part.partition(";")[0].strip().lower() for part in text.split(",") if part.strip()]
    if wanted and _OF_ROOT.isdisjoint(wanted):
        raise NotAcceptable(f"None of these media types are available: {text}")


@lru_cache(maxsize=256)
def accepted(accept: bytes | None) -> Media:
    """The first type of the header that is known, by `q` and then by position; PGRST107 when none is."""
    text = "" if accept is None else accept.decode("latin-1").strip()
    if not text:
        return ARRAY
    wanted = [_read(part) for part in text.split(",") if part.strip()]
    for quality, media in sorted(wanted, key=lambda one: -one[0]):
        if media is not None and quality > 0:
            return media
    raise NotAcceptable(f"None of these media types are available: {text}")


def _read(part: str) -> tuple[float, Media | None]:
    name, *parameters = [piece.strip() for piece in part.split(";")]
    quality, stripped = 1.0, False
    for parameter in parameters:
        key, _, value = parameter.lower().partition("=")
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
        elif key.strip() == "nulls" and value.strip() == "stripped":
            stripped = True
    name = name.lower()
    return quality, KNOWN.get((name, stripped and name.startswith("application/vnd.pgrst.")))
