"""The commands: what each takes, and one call into the part that does it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from rolltop import __version__, config, discovery
from rolltop.cli import backup_commands, history, jobs, opening, running, tokens
from rolltop.cli.options import JsonOption, WorkspaceOption
from rolltop.errors import RolltopError
from rolltop.kit.places import SQLITE_SUFFIXES, workspace_beside

app = typer.Typer(
    name="rolltop",
    help="A real backend on your own desk.",
    no_args_is_help=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(backup_commands.app, name="backup")
app.add_typer(jobs.app, name="jobs")
app.command()(history.history)
app.command()(history.undo)
app.command()(history.redo)
app.add_typer(tokens.app, name="token")

DataOption = Annotated[
    Path | None, typer.Option("--data", help="An SQLite file to serve in place of the workspace's data.db.")
]


class UnusableFile(RolltopError):
    """The file named on the command line is not there or cannot be read."""

    code = "cli.unusable_file"
    exit_code = 2


class MisplacedOption(RolltopError):
    """An option of the window stands before a command, which has options of its own."""

    code = "cli.misplaced_option"
    exit_code = 2

    def __init__(self, command: str) -> None:
        super().__init__(
            "This option stands before the command.",
            hint=f"Write it behind: rolltop {command} --workspace FOLDER.",
        )


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    data: DataOption = None,
    browser: Annotated[bool, typer.Option("--browser", help="Use the browser instead of a window.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open Rolltop: the window, or where there can be none, the browser."""
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(opening.open_app(workspace, data, [], browser=browser))
    if workspace is not None or data is not None or browser:  # it would go unheeded
        raise MisplacedOption(context.invoked_subcommand)


@app.command()
def serve(
    workspace: WorkspaceOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="The loopback address to listen on.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    pipe: Annotated[bool, typer.Option("--pipe", hidden=True, help="Speak with the window over stdin.")] = False,
) -> None:
    """Run the server without a window, until Ctrl+C or SIGTERM."""
    from rolltop.serve import run

    settings = config.load(workspace=workspace, data=data, port=port, host=host, log_level=log_level)
    raise typer.Exit(run(settings, pipe=pipe, announce=None if pipe else opening.announce))


@app.command("open")
def open_(
    file: Annotated[Path | None, typer.Argument(help="A file to import, or an SQLite file to serve in place.")] = None,
    workspace: WorkspaceOption = None,
    browser: Annotated[bool, typer.Option("--browser", help="Use the browser instead of a window.")] = False,
) -> None:
    """Open Rolltop, or a file in it; a running one comes to the front."""
    if file is None:
        raise typer.Exit(opening.open_app(workspace, None, [], browser=browser))
    path = _readable(file)
    if path.suffix.lower() in SQLITE_SUFFIXES:
        beside = workspace or workspace_beside(path)
        raise typer.Exit(opening.open_app(beside, path, [], browser=browser))
    raise typer.Exit(opening.open_app(workspace, None, [path], browser=browser))


@app.command()
def status(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say whether a server runs, and where."""
    folder = config.load(workspace=workspace).workspace
    found = discovery.find(folder)
    if as_json:
        known = {} if found is None else {name: getattr(found, name) for name in running.SHOWN}
        print(json.dumps({"running": found is not None, "workspace": str(folder), **known}))
    elif found is None:
        print(f"Not running (workspace {folder}).")
    else:
        print(f"Running at {found.url}, process {found.pid}, version {found.version}, workspace {found.workspace}.")
    raise typer.Exit(0 if found else running.NotRunning.exit_code)


@app.command("import")
def import_(
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="The file, or the address that it is fetched from.")
    ],
    table: Annotated[str | None, typer.Option(help="The table.", show_default="from the file")] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", "--sheet", help="A sheet of a workbook or a table of a database; may be repeated."),
    ] = None,
    all_parts: Annotated[
        bool, typer.Option("--all-parts", help="Every sheet or table that has rows and is not hidden.")
    ] = False,
    append: Annotated[bool, typer.Option("--append", help="Add the rows to a table that is there.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Change rows whose key is in the table, add the others.")
    ] = False,
    key: Annotated[
        list[str] | None,
        typer.Option(help="A new table's primary key, or a column by which --update finds rows; may be repeated."),
    ] = None,
    named: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=NAME", help="The table's column for one of the file; may be repeated."),
    ] = None,
    typed: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="COLUMN=TYPE", help="A new table's type for a column; may be repeated."),
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be repeated.")] = None,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Set rows aside that do not fit, instead of refusing the file.")
    ] = False,
    fill_short_rows: Annotated[bool, typer.Option("--fill-short-rows", help="Take rows with too few cells.")] = False,
    no_recipe: Annotated[
        bool, typer.Option("--no-recipe", help="Leave the fixes kept for files of this shape unused.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would happen.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a file into a table. Exit code 7: some rows did not fit and were set aside, or would be."""
    from rolltop.cli import desks, importing

    place = source if source.startswith(("http://", "https://")) else _readable(Path(source))
    several = all_parts or len(part or []) > 1
    if several and (table or key or named or typed or skip):
        raise desks.BadOption(
            "--table, --key, --map, --type and --skip are for one part.", hint="Import such parts one by one."
        )
    if all_parts and part:
        raise desks.BadOption("--all-parts takes every part.", hint="Leave --part out.")
    if append and (update or key):
        raise desks.BadOption("--append only adds rows.", hint="Use --update with --key to change rows.")
    wish = {
        "table": table,
        "target": "append" if append else "update" if update else "new",
        "bad_rows": "quarantine" if quarantine else "refuse",
        "fill_short_rows": fill_short_rows,
        "recipe": not no_recipe,
        "dry_run": dry_run,
        **({"key": key} if key else {}),
    }
    columns = importing.Columns(named or [], typed or [], skip or [])
    with desks.desk(workspace) as desk:
        parts = None if all_parts else part or []
        done = importing.import_file(desk, place, parts, wish, columns, show=not as_json and sys.stderr.isatty())
    print(json.dumps(done if several else done[0]) if as_json else "\n".join(map(importing.said, done)))
    raise typer.Exit(importing.ROWS_LEFT if any(each["refused"] for each in done) else 0)


@app.command("export")
def export(
    name: Annotated[str, typer.Argument(help="The table, view or saved query.")],
    file: Annotated[Path, typer.Argument(help="The file to make, or - for stdout.", allow_dash=True)],
    query: Annotated[str, typer.Option(help="Which rows and columns: `select=id,name&price=gt.5&order=id`.")] = "",
    saved: Annotated[bool, typer.Option("--saved", help="NAME is a saved query.")] = False,
    given: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="An argument of the saved query; may be repeated."),
    ] = None,
    format: Annotated[str | None, typer.Option(help="The format.", show_default="the file's ending")] = None,
    keep_formulas: Annotated[bool, typer.Option("--keep-formulas", help="Leave texts like =1+1 alone.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export a table, a saved query or a part of it: .csv .tsv .json .ndjson .xlsx .parquet .sqlite."""
    from rolltop.cli import exporting

    wanted = f"{name}.{format or file.suffix.removeprefix('.')}"
    with running.server(workspace) as client:
        asked = exporting.asked(client, wanted, query, given, saved=saved, keep=keep_formulas)
        size = exporting.export_file(asked, client, file, show=not as_json and sys.stderr.isatty())
    if file == exporting.STDOUT:
        return
    if as_json:
        print(json.dumps({"query" if saved else "table": name, "file": str(file), "bytes": size}))
    else:
        print(f"Exported {name} to {file} ({size:,} bytes).")


@app.command()
def restore(
    file: Annotated[str, typer.Argument(help="A backup file, or one of the workspace's by its name.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the whole workspace back to a backup. The present state is kept as a backup."""
    from rolltop.cli import backing, restoring

    path = backing.found(workspace, file)
    folder = config.workspace_folder(workspace)
    if not yes:
        restoring.confirm(path, folder)
    done = restoring.restore(workspace, path, show=not as_json and sys.stderr.isatty())
    if as_json:
        print(json.dumps(done))
        return
    print(f"Restored {done['workspace']} from {done['backup']}.")
    if done["kept"]:
        print(f"The state before is kept as {done['kept'][0]}.")


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Do what cannot harm.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at the workspace and say what is wrong and what to do. Exit code 1: something wants doing."""
    import msgspec

    from rolltop.cli import doctor as doctors

    folder, found = doctors.examine(workspace, fix=fix)
    healthy = doctors.is_healthy(found)
    if as_json:
        listed = msgspec.to_builtins(found)
        print(json.dumps({"workspace": str(folder), "healthy": healthy, "findings": listed}))
    else:
        print("\n".join(map(doctors.said, found)))
        print("All is well." if healthy else "Something wants doing.")
    raise typer.Exit(0 if healthy else 1)


@app.command()
def paths(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Print where everything lies."""
    folder = config.load(workspace=workspace).workspace
    places = {
        "workspace": folder,
        "data": folder / "data.db",
        "settings": folder / config.SETTINGS_FILE,
        "backups": folder / "backups",
        "runtime": folder / discovery.RUNTIME_FILE,
        "logs": config.log_folder(),
        "cache": config.cache_folder(),
    }
    if as_json:
        print(json.dumps({name: str(place) for name, place in places.items()}))
        return
    for name, place in places.items():
        print(f"{name:<10} {place}")


@app.command()
def version(as_json: JsonOption = False) -> None:
    """Print the version."""
    import apsw

    print(json.dumps({"version": __version__, "sqlite": apsw.sqlite_lib_version()}) if as_json else __version__)


def _readable(file: Path) -> Path:
    path = file.expanduser().absolute()
    if not path.is_file():
        raise UnusableFile(f"There is no file {path}.", hint="Check the name.")
    return path
