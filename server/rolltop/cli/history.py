"""`rolltop history`, `undo`, `redo`: what was changed, and taking it back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from rolltop.cli import running
from rolltop.cli.options import JsonOption, WorkspaceOption
from rolltop.errors import RolltopError
from rolltop.kit.logs import escape

STANDS_AGAINST_IT = 8
_PATIENCE = 600  # seconds; a large change is taken back in one go
_SHOWN = 10

ChangeArgument = Annotated[int, typer.Argument(help="The change's number, as `rolltop history` shows it.", min=1)]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only find out what it would do.")]
ConflictsOption = Annotated[
    Literal["refuse", "skip", "overwrite"],
    typer.Option(
        help="What becomes of rows that were changed since: nothing is done, they stay, they are overwritten."
    ),
]


class StandsAgainstIt(RolltopError):
    """The change cannot be taken back as things are."""

    code = "cli.stands_against_it"
    exit_code = STANDS_AGAINST_IT


def history(
    table: Annotated[str | None, typer.Argument(help="Only changes of this table.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Such as update or import; may be repeated.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this caller did.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = 20,
    before: Annotated[int | None, typer.Option(min=1, help="Only changes before this one.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was changed, newest first."""
    wanted = {"table": table, "actor": actor, "limit": limit, "before": before}
    params = {name: value for name, value in wanted.items() if value is not None}
    with running.server(workspace) as client:
        found = running.answer(client.get("/api/history", params={**params, "kind": kind or []}))
    if as_json:
        print(json.dumps(found["changes"]))
    elif not found["changes"]:
        print("No changes.")
    else:
        print("\n".join(map(_line, found["changes"])))


def undo(
    change: ChangeArgument,
    conflicts: ConflictsOption = "refuse",
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a change back. Exit code 8: something stands against it, such as rows changed since; nothing is written."""
    _take_back("undo", change, {"conflicts": conflicts, "dry_run": dry_run}, workspace, as_json)


def redo(
    change: ChangeArgument,
    conflicts: ConflictsOption = "refuse",
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back what was undone. Exit code 8: something stands against it; nothing is written."""
    _take_back("redo", change, {"conflicts": conflicts, "dry_run": dry_run}, workspace, as_json)


def _take_back(way: str, change: int, wish: Mapping[str, Any], workspace: Any, as_json: bool) -> None:
    with running.server(workspace) as client:
        response = client.post(f"/api/history/{change}/{way}", json=dict(wish), timeout=_PATIENCE)
    if response.status_code == 409:
        error = response.json()
        if as_json:
            print(json.dumps(error))
            raise typer.Exit(STANDS_AGAINST_IT)
        hint = "See `--conflicts`." if _conflicts(error) else error["hint"]
        raise StandsAgainstIt(escape(error["message"]), details=_rows(error), hint=hint)
    done = running.answer(response)
    print(json.dumps(done) if as_json else _said(done))


def _conflicts(error: Mapping[str, Any]) -> list[Any]:
    details = error["details"]
    found: list[Any] = details.get("conflicts", []) if isinstance(details, dict) else []
    return found


def _rows(error: Mapping[str, Any]) -> str | None:
    """The rows that stand against it, a line each."""
    found = _conflicts(error)
    lines = []
    for row in found[:_SHOWN]:
        key = ", ".join(f"{name} {value}" for name, value in row["key"].items())
        cells = "; ".join(
            f"{each['column']} was {each['before']!r}, became {each['after']!r}, is {each['now']!r}"
            for each in row["columns"]
        )
        lines.append(escape(f"{row['table']} {key}: {row['reason'].replace('_', ' ')}{f' ({cells})' if cells else ''}"))
    if len(found) > _SHOWN:
        lines.append(f"and {error['details']['count'] - _SHOWN:,} more")
    return "\n  ".join(lines) or None


def _said(done: Mapping[str, Any]) -> str:
    """What an undo did, in a sentence."""
    verb = {"undo": "Undid", "redo": "Redid"}[done["way"]] if not done["dry_run"] else f"Would {done['way']}"
    rows = "one row" if done["rows"] == 1 else f"{done['rows']:,} rows"
    left = f", left {done['left']:,} as they are" if done["left"] else ""
    number = f" This is change {done['change']}." if done["change"] else ""
    return f"{verb} change {done['of']}: {rows}{left}.{number}"


def _line(change: Mapping[str, Any]) -> str:
    """One change on one line; titles hold names of tables, which may hold anything."""
    at = datetime.fromisoformat(change["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    undone = f"  (undone by {change['undone_by']})" if change["undone_by"] else ""
    return f"{change['id']:>8}  {at}  {escape(change['actor']):<10}  {escape(change['title'])}{undone}"
