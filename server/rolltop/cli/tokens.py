"""`rolltop token`: the local owner's own, and those made for scripts."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer

from rolltop.cli import running
from rolltop.cli.options import JsonOption, WorkspaceOption
from rolltop.errors import RolltopError
from rolltop.kit.logs import escape

app = typer.Typer(no_args_is_help=False)


class BadTable(RolltopError):
    """An option does not say which table and what may be done with it."""

    code = "cli.bad_table"
    exit_code = 2


@app.callback(invoke_without_command=True)
def token(context: typer.Context, workspace: WorkspaceOption = None) -> None:
    """Print the running server's token for your own scripts, new at each start; or make, list and revoke others."""
    context.obj = workspace
    if context.invoked_subcommand is None:
        print(running.find(workspace).token)


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="What it opens, such as rows:read; may be repeated.")],
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE=ACTIONS", help="Only this table: `flights=select,insert`; may be repeated."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="It ends after so many days.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token for a script. It is printed this once."""
    expires = None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()
    wanted = {"name": name, "scopes": scope, "tables": _tables(table), "expires": expires}
    with running.server(workspace or context.obj) as client:
        made = running.answer(client.post("/api/tokens", json=wanted))
    print(json.dumps(made) if as_json else made["token"])


@app.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the tokens, the newest first."""
    with running.server(workspace or context.obj) as client:
        tokens = running.answer(client.get("/api/tokens"))
    if as_json:
        print(json.dumps(tokens))
    elif not tokens:
        print("No tokens.")
    else:
        print("\n".join(map(_line, tokens)))


@app.command()
def revoke(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="The token's id, as `rolltop token list` shows it.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Revoke a token: requests with it are refused from now on."""
    with running.server(workspace or context.obj) as client:
        running.answer(client.delete(f"/api/tokens/{quote(id, safe='')}"))
    print(f"Revoked the token {escape(id)}.")


def _tables(given: Iterable[str] | None) -> dict[str, list[str]] | None:
    """`flights=select,insert` as the API has it."""
    tables: dict[str, list[str]] = {}
    for each in given or ():
        name, equals, actions = each.rpartition("=")
        if not equals or not name:
            raise BadTable(f"{each!r} does not say what may be done.", hint="Write it as flights=select,insert.")
        tables[name] = [action for action in actions.split(",") if action]
    return tables or None


def _line(token: dict[str, Any]) -> str:
    ends = "never ends" if token["expires"] is None else f"ends {_day(token['expires'])}"
    used = "never used" if token["used"] is None else f"used {_day(token['used'])}"
    scopes = " ".join(token["scopes"])
    return f"{token['id']}  {token['hint']}…  {ends:<15}  {used:<15}  {escape(token['name'])}  {scopes}"


def _day(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d")
