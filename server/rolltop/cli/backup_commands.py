"""`rolltop backup [FILE]`, `rolltop backup list`, `rolltop backup verify FILE`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup, TyperOption

from rolltop.cli.options import JsonOption, WorkspaceOption


class _Default(TyperGroup):
    """A group whose first command needs no name, and whose options may stand before the name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name first, or there when it is left out."""
        position = self._first_word(args)
        if position is not None and args[position] in self.commands:
            args = [args[position], *args[:position], *args[position + 1 :]]
        elif not args or args[0] not in ctx.help_option_names:
            args = ["create", *args]
        return super().parse_args(ctx, args)

    def _first_word(self, args: list[str]) -> int | None:
        """Where the first argument is that is no option and no option's value; none follows a `--`, which says file."""
        options = [
            each for command in self.commands.values() for each in command.params if isinstance(each, TyperOption)
        ]
        valued = {name for option in options if not option.is_flag for name in option.opts}
        before = ""
        for position, arg in enumerate(args):
            if arg == "--":
                return None
            if not arg.startswith("-") and before not in valued:
                return position
            before = arg
        return None


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
