"""`rolltop export`: a file of a running server, written in one step."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from rolltop.cli import running
from rolltop.cli.desks import BadOption
from rolltop.errors import RolltopError
from rolltop.kit.files import sync_file

if TYPE_CHECKING:
    import httpx

STDOUT = Path("-")


class Unwritable(RolltopError):
    """A file cannot be made where it should be."""

    code = "cli.unwritable"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """The export as it is asked of the server; `arguments` are those of a saved query."""

    name: str
    address: str
    arguments: dict[str, Any] | None


def asked(
    client: "httpx.Client", name: str, query: str, given: Sequence[str] | None, *, saved: bool, keep: bool
) -> Asked:
    """What to ask for the export called `name` (`flights.csv`): of a table, or of a saved query with what is `given`.

    `keep` leaves formulas as they are.

    Raises:
        BadOption: an argument is none, or there is no query to take it.
    """
    formulas = "keep" if keep else "escape"
    if given and not saved:
        raise BadOption("--param is for saved queries.", hint="Say --saved, or filter the table by --query.")
    path = f"/api/exports/{'rpc/' if saved else ''}{quote(name, safe='')}?{query}&formulas={formulas}"
    return Asked(name, path, _arguments(client, name.rpartition(".")[0], given or []) if saved else None)


def _arguments(client: "httpx.Client", query: str, given: Sequence[str]) -> dict[str, Any]:
    """The arguments by name, as texts; those of type jsonb are JSON."""
    pairs = {}
    for each in given:
        name, mark, value = each.partition("=")
        if not mark:
            raise BadOption(f"--param {each} has no value.", hint="Write --param NAME=VALUE.")
        pairs[name] = value
    if not pairs:
        return {}
    parameters = running.answer(client.get(f"/api/queries/{quote(query, safe='')}"))["parameters"]
    for name in (each["name"] for each in parameters if each["type"] == "jsonb" and each["name"] in pairs):
        try:
            pairs[name] = json.loads(pairs[name])
        except ValueError:
            raise BadOption(f"--param {name} is no JSON.", hint="Write a text with quotes: '\"text\"'.") from None
    return pairs


def export_file(asked: Asked, client: "httpx.Client", file: Path, *, show: bool) -> int:
    """Write what is asked for to `file` in one step, or to stdout; the number of bytes.

    Raises:
        Refused: the server says why there is no such file.
        Unwritable: the file cannot be made.
    """
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn(),
        console=Console(stderr=True, quiet=not show),
    )  # fmt: skip
    method = "GET" if asked.arguments is None else "POST"
    with bar, client.stream(method, asked.address, json=asked.arguments, timeout=None) as response:
        running.check(response)
        task = bar.add_task(f"Exporting {asked.name}", total=None)
        size = 0
        with opened(file) as out:
            for chunk in response.iter_bytes():
                out.write(chunk)
                size += len(chunk)
                bar.update(task, completed=size)
    return size


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """The file to write to; one with a name takes it when it is complete and on the disk."""
    if file == STDOUT:
        yield sys.stdout.buffer
        return
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        sync_file(part)
        part.replace(file)
    except OSError as error:
        raise Unwritable(f"{file} cannot be written: {error.strerror}.", hint="Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
