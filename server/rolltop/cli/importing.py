"""`rolltop import`: the same import, asked of a running server, or done in this process when none runs.

file ─▶ a `Desk` (HTTP, or the services themselves) ─▶ scan ─▶ run ─▶ what came of it
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltop.cli import running
from rolltop.cli.desks import BadOption, Desk
from rolltop.cli.following import follow
from rolltop.kit import logs

if TYPE_CHECKING:
    from rich.console import Console

_PARTS_AT_ONCE = 40  # as many as the server takes
ROWS_LEFT = 7
"""The exit code when rows did not fit: they were set aside, or a dry run says that they would not."""


def import_file(
    at: Desk,
    source: Path | str,
    parts: Sequence[str] | None,
    wish: Mapping[str, Any],
    columns: "Columns",
    *,
    show: bool,
) -> list[dict[str, Any]]:
    """Read the file and load it; what came of the rows of each part, as `ImportOutcome`.

    `parts` are sheets or tables of the file; None: all that are not hidden; none of them: the one that is read unasked.

    Raises:
        RolltopError: it cannot be imported, and why. What was imported of earlier parts stays.
    """
    from rich.console import Console

    console = Console(stderr=True, quiet=not show)
    name = source.name if isinstance(source, Path) else source
    made = at.begin(source, console)
    follow(at, made["job"], f"Reading {name}", console)
    first = at.draft(made["id"])
    return [_load(at, draft, wish, columns, console) for draft in _drafts(at, first, parts, console)]


def _drafts(
    at: Desk, first: dict[str, Any], parts: Sequence[str] | None, console: "Console"
) -> Iterator[dict[str, Any]]:
    """The imports of the wanted parts, read one after the other; `first` is the one that was read unasked.

    Of all parts those without rows are left out.
    """
    wanted = [part["name"] for part in first["parts"] if not part["hidden"]] if parts is None else list(parts)
    if not wanted or wanted == [first["part"]]:
        yield first
        return
    if first["part"] in wanted:
        wanted.remove(first["part"])
        yield first
    else:
        first = at.read_part(first["id"], wanted.pop(0))
        follow(at, first["job"], f"Reading {first['name']}", console)
        yield at.draft(first["id"])
    for at_once in range(0, len(wanted), _PARTS_AT_ONCE):
        for draft in at.begin_parts(first["id"], wanted[at_once : at_once + _PARTS_AT_ONCE]):
            if _read(at, draft, console, needed=parts is not None):
                yield at.draft(draft["id"])


def _read(at: Desk, draft: dict[str, Any], console: "Console", *, needed: bool) -> bool:
    """Wait until a part has been read; False for one without rows that is not `needed`."""
    try:
        follow(at, draft["job"], f"Reading {draft['name']}", console)
    except running.Refused:
        failure = at.draft(draft["id"])["error"] or {}
        if needed or failure.get("code") != "imports.empty":
            raise
        return False
    return True


def _load(
    at: Desk, draft: dict[str, Any], wish: Mapping[str, Any], columns: "Columns", console: "Console"
) -> dict[str, Any]:
    table = wish.get("table") or draft["table"]
    job = at.run(draft["id"], {**wish, "table": table, "columns": columns.wanted(draft)})
    title = f"Trying {draft['name']}" if wish.get("dry_run") else f"Importing into {table}"
    result: dict[str, Any] = follow(at, job["id"], title, console)["result"]
    return result


def said(done: Mapping[str, Any]) -> str:
    """What came of it, for people."""
    counted = [
        f"{done[name]:,} {word}"
        for name, word in (("inserted", "added"), ("changed", "changed"), ("unchanged", "left as they were"))
        if done[name] or name == "inserted"
    ]
    lines = [f"{'Would import' if done['dry_run'] else 'Imported'} into {done['table']}: rows {', '.join(counted)}."]
    if done["refused"]:
        fate = "would not fit" if done["dry_run"] else "did not fit, now in quarantine"
        rows = "1 row" if done["refused"] == 1 else f"{done['refused']:,} rows"
        lines.append(f"{rows} {fate}:")
        lines += [f"  row {each['row']:,}: {_reasons(each['reasons'])}" for each in done["first_refused"]]
    lines += map(logs.escape, done["notes"])
    return "\n".join(lines)


def _reasons(reasons: list[dict[str, Any]]) -> str:
    said = "; ".join(
        reason["message"] if reason["column"] is None else f"{reason['column']}: {reason['message']}"
        for reason in reasons
    )
    return logs.escape(said)  # cells may hold anything, and a terminal obeys


class Columns:
    """What the command line says of columns: new names, types, and those left out."""

    def __init__(self, named: list[str], typed: list[str], skipped: list[str]) -> None:
        self._named = dict(map(_pair, named))
        self._typed = dict(map(_pair, typed))
        self._skipped = skipped

    def wanted(self, draft: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Their part of the run.

        Raises:
            BadOption: the file has no such column.
        """
        known = {name: each["name"] for each in draft["columns"] for name in (each["source"], each["name"]) if name}
        wishes: dict[str, dict[str, Any]] = {}
        for option, given in (("name", self._named), ("type", self._typed), ("include", self._skipped)):
            for column in given:
                if column not in known:
                    listed = ", ".join(each["name"] for each in draft["columns"][:20])
                    raise BadOption(f"The file has no column {column!r}.", hint=f"It has {listed}.")
                value = False if isinstance(given, list) else given[column]
                wishes.setdefault(known[column], {"source": known[column]})[option] = value
        return list(wishes.values())


def _pair(text: str) -> tuple[str, str]:
    before, equals, after = text.rpartition("=")
    if not (before and equals and after):
        raise BadOption(f"{text!r} is no pair.", hint="Write COLUMN=VALUE, as in --map 'Dep. delay=dep_delay'.")
    return before, after
