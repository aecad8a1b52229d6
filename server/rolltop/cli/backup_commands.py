"""`rolltop backup [FILE]`, `rolltop backup list`, `rolltop backup verify FILE`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rolltop.cli.options import JsonOption, WorkspaceOption


class _Default(TyperGroup):
    """A group whose first command needs no name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name there when it is left out."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["create", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_Default, help="Make a backup of the whole workspace, list them, verify one.")


@app.command("create")
def create(
    file: Annotated[
        Path | None, typer.Argument(help="The file to make.", show_default="in the workspace's folder `backups`")
    ] = None,
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Put keys in as well.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a backup; `create` may be left out. A server that runs goes on working."""
    from rolltop.cli import backing

    path = None if file is None else file.expanduser().absolute()
    made = backing.create(workspace, path, secrets=with_secrets, show=not as_json and sys.stderr.isatty())
    print(json.dumps(made) if as_json else f"Backed up to {made['path']}\n{backing.said(made)}")


@app.command("list")
def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the backups of the workspace, newest first."""
    from rolltop.cli import backing

    backing.show([backup.model_dump(mode="json") for backup in backing.listed(workspace)], as_json=as_json)


@app.command("verify")
def verify(
    file: Annotated[str, typer.Argument(help="A backup file, or one of the workspace's by its name.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read all of a backup: every checksum, both databases, the rows of each table."""
    from rolltop.cli import backing

    whole = backing.verify(workspace, file, show=not as_json and sys.stderr.isatty())
    print(json.dumps(whole) if as_json else f"Whole: {backing.said(whole)}")
