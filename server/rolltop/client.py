"""`connect()`: the running Rolltop from a script, in one line.

    from rolltop import connect

    db = connect()
    late = db.from_("flights").select("flight,dep_delay").gt("dep_delay", 60).execute().data
    frame = db.from_("flights").select("*").eq("carrier", "UA").df()

The client is the one of the `postgrest` package, set up for the server that runs on this machine: its address and
token come from the workspace's runtime file, and no proxy of the environment ever sees the requests. On top of it,
`df()` gives a pandas or polars frame with typed columns.
"""

import importlib
import importlib.util
import re
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, cast
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from postgrest import APIError, CountMethod, ReturnMethod, SyncPostgrestClient, SyncRequestBuilder
from postgrest import SyncSelectRequestBuilder as SelectBuilder
from postgrest.types import RequestBody

from rolltop import config, discovery

Engine = Literal["pandas", "polars"]
Conflicts = Literal["refuse", "skip", "overwrite"]

QUIET = httpx.Timeout(45.0, connect=5.0)  # seconds; the server says something every 15
RETRY_SECONDS = 1.0
TIMEOUT = httpx.Timeout(120.0, connect=5.0)  # seconds; a whole table may take a while to be read


class NotRunning(ConnectionError):
    """No server to talk to: none was started, or it has stopped since."""


class NoFrames(ImportError):
    """`df()` was asked for, but the package that makes the frame isn't installed."""


def connect(
    workspace: str | Path | None = None, *, url: str | None = None, token: str | None = None
) -> "RolltopClient":
    """The client of a running server.

    Without arguments it is the server of the default workspace, as the desktop app and `rolltop serve` open it.
    `workspace` names another folder. `url` with `token` reaches a server elsewhere and reads no file.
    Raises `NotRunning`, whose text says what to do.
    """
    if url is not None and token is not None:
        return RolltopClient(url, token)
    folder = Path(workspace).expanduser() if workspace is not None else config.default_workspace()
    running = _running(folder)
    if url is not None and _origin(url) != _origin(running.url):
        raise NotRunning(
            f"The workspace {folder} is served at {running.url}, not at {url}. "
            "Pass token= together with url=, or leave url= out."
        )
    return RolltopClient(running.url, token or running.token)


def _running(folder: Path) -> discovery.RuntimeFile:
    """The verified runtime file of the workspace; the token goes nowhere before the instance was compared."""
    running = discovery.find(folder)
    if running is not None:
        return running
    left = discovery.read(folder)
    if left is not None:
        raise NotRunning(
            f"Rolltop isn't answering at {left.url}: the server of {folder} seems to have stopped without tidying up. "
            "Start it again by opening the app or with `rolltop serve`."
        )
    raise NotRunning(
        f"No running Rolltop serves {folder}. Open the app or run `rolltop serve`, then connect again. "
        "If it serves another folder, name it: connect(workspace='…')."
    )


def _origin(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port


class RolltopClient(SyncPostgrestClient):
    """The `postgrest` client of one server. Close it, or use it in a `with` block."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"}
        session = httpx.Client(timeout=TIMEOUT, trust_env=False, transport=_Transport(self.url))
        super().__init__(f"{self.url}/rest/v1", headers=headers, http_client=session)

    def from_(self, table: str) -> "TableBuilder":
        """Requests on one table or view, whatever characters its name has."""
        path = self.base_url.joinpath(quote(table, safe=""), encoded=True)
        return TableBuilder(self.session, path, self.headers, self.basic_auth, retry_enabled=self.retry_enabled)

    def table(self, table: str) -> "TableBuilder":
        """The same as `from_`."""
        return self.from_(table)

    def events(self, *tables: str, kinds: Iterable[str] = (), after: int | None = None) -> "Generator[Event]":
        """What changes, as it changes: of these tables, or everything; of these kinds (docs/events.md), or all.

        It goes on by itself after a break, from where it was; `after` starts it after an event of before. An event
        called `reset` says that some were missed. Stop with `break`.
        Raises `NotRunning` when the server is gone, `postgrest.APIError` when it refuses.
        """
        last = after
        wanted: dict[str, list[str]] = {"table": list(tables), "kinds": [",".join(kinds)] if kinds else []}
        while True:
            headers = {**self.headers, **({} if last is None else {"Last-Event-ID": str(last)})}
            asked = self.session.stream("GET", f"{self.url}/api/events", params=wanted, headers=headers, timeout=QUIET)
            try:
                with asked as response:
                    if not response.is_success:
                        response.read()
                        _checked(response)
                    for event in _events(response.iter_bytes()):
                        last = event.id
                        if event.kind not in _NO_NEWS:
                            yield event
            except httpx.TransportError:
                pass  # cut off in the midst of it; whether the server is still there shows at the next try
            time.sleep(RETRY_SECONDS)

    def history(self, table: str | None = None, *, limit: int = 50, before: int | None = None) -> list[dict[str, Any]]:
        """What was changed, newest first; `before` goes on after the last one you have. Raises `postgrest.APIError`."""
        wanted = {"table": table, "limit": limit, "before": before}
        params = {name: value for name, value in wanted.items() if value is not None}
        answer = self.session.get(f"{self.url}/api/history", params=params, headers=self.headers)
        return cast(list[dict[str, Any]], msgspec.json.decode(_checked(answer))["changes"])

    def undo(self, change: int, *, conflicts: Conflicts = "refuse", dry_run: bool = False) -> dict[str, Any]:
        """Take a change back, or find out what that would do.

        Raises `postgrest.APIError` when something stands against it, with the rows that were changed since in its
        `details`, and then nothing is written. `conflicts` says what becomes of such rows.
        """
        return self._take_back(change, "undo", conflicts, dry_run)

    def redo(self, change: int, *, conflicts: Conflicts = "refuse", dry_run: bool = False) -> dict[str, Any]:
        """Bring back what was undone; the same otherwise."""
        return self._take_back(change, "redo", conflicts, dry_run)

    def _take_back(self, change: int, way: str, conflicts: Conflicts, dry_run: bool) -> dict[str, Any]:
        wish = {"conflicts": conflicts, "dry_run": dry_run}
        answer = self.session.post(f"{self.url}/api/history/{change}/{way}", json=wish, headers=self.headers)
        return cast(dict[str, Any], msgspec.json.decode(_checked(answer)))

    def close(self) -> None:
        """Close the connections."""
        self.aclose()

    def __enter__(self) -> Self:
        return self


_NO_NEWS = ("hello", "alive")


class Event(NamedTuple):
    """Something that changed. `kind` is `rows`, `schema`, `job`, `query`, `import` or `reset`; `data` what is said."""

    kind: str
    id: int
    data: dict[str, Any]


def _events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream; comments are left out."""
    rest, last = b"", 0
    for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
            last = int(fields.get(b"id", last))
            if b"id" in fields or b"data" in fields:
                kind = fields.get(b"event", b"alive").decode()
                yield Event(kind, last, msgspec.json.decode(fields.get(b"data", b"{}")))


class TableBuilder(SyncRequestBuilder):
    """The verbs on one table. Each gives a query that also knows `df()`."""

    def select(self, *columns: str, count: CountMethod | None = None, head: bool | None = None) -> "Query":
        """Read rows; see `postgrest`."""
        return Query(super().select(*columns, count=count, head=head).request)

    def insert(
        self,
        json: RequestBody,
        *,
        count: CountMethod | None = None,
        returning: ReturnMethod = ReturnMethod.representation,
        upsert: bool = False,
        default_to_null: bool = True,
    ) -> "Query":
        """Add one row, or a list of them in one transaction; see `postgrest`."""
        built = super().insert(json, count=count, returning=returning, upsert=upsert, default_to_null=default_to_null)
        return Query(built.request)

    def upsert(
        self,
        json: RequestBody,
        *,
        count: CountMethod | None = None,
        returning: ReturnMethod = ReturnMethod.representation,
        ignore_duplicates: bool = False,
        on_conflict: str = "",
        default_to_null: bool = True,
    ) -> "Query":
        """Add rows or change those that are there; see `postgrest`."""
        built = super().upsert(
            json,
            count=count,
            returning=returning,
            ignore_duplicates=ignore_duplicates,
            on_conflict=on_conflict,
            default_to_null=default_to_null,
        )
        return Query(built.request)

    def update(
        self,
        json: RequestBody,
        *,
        count: CountMethod | None = None,
        returning: ReturnMethod = ReturnMethod.representation,
    ) -> "Query":
        """Change the rows that the filters choose; see `postgrest`."""
        return Query(super().update(json, count=count, returning=returning).request)

    def delete(
        self, *, count: CountMethod | None = None, returning: ReturnMethod = ReturnMethod.representation
    ) -> "Query":
        """Delete the rows that the filters choose; see `postgrest`."""
        return Query(super().delete(count=count, returning=returning).request)


class Query(SelectBuilder):
    """A `postgrest` query that can also answer as a data frame."""

    def df(self, engine: Engine | None = None) -> Any:
        """The rows as a frame: pandas if it is installed, else polars, or the one that is named.

        Columns get the type that the table declares: dates and timestamps are times, whole numbers stay whole also
        beside nulls, blobs are bytes. Columns that the query computes keep the type of their JSON.
        Raises `postgrest.APIError` when the server refuses the query.
        """
        chosen = engine or _installed_engine()
        rows = self._rows()
        types = _result_types(self.request.params.get("select"), self._column_types())
        names = list(rows[0]) if rows else list(types)
        columns = {name: [row.get(name) for row in rows] for name in names}
        build = _pandas_frame if chosen == "pandas" else _polars_frame
        return build(columns, types)

    def _rows(self) -> list[dict[str, Any]]:
        """The answer as it came. `execute()` would check each value once more, which takes longer than the request."""
        return cast(list[dict[str, Any]], msgspec.json.decode(_checked(self.request.send(httpx.Headers()))))

    def _column_types(self) -> dict[str, str]:
        """The table's columns and their types, in the table's order."""
        path = self.request.path
        root, _, table = str(path).partition("/rest/v1/")
        session = self.request.session
        token = {"Authorization": self.request.headers["Authorization"]}
        described = msgspec.json.decode(_checked(session.get(f"{root}/api/collections/{table}", headers=token)))
        return {column["name"]: column["type"] for column in described["columns"]}


def _checked(response: httpx.Response) -> bytes:
    """The body of a good answer; the error of a bad one."""
    if response.is_success:
        return response.content
    try:
        error = response.json()
    except ValueError:
        error = {"code": str(response.status_code), "message": response.text or response.reason_phrase}
    raise APIError(error)


class _Transport(httpx.HTTPTransport):
    """Says in plain words that the server is gone, at once: retrying a closed loopback port only costs seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(trust_env=False)
        self._url = url

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except httpx.ConnectError as error:
            raise NotRunning(
                f"Rolltop isn't answering at {self._url} any more. Start it again, then call connect() anew: "
                "its address or token may have changed."
            ) from error


# --- data frames ------------------------------------------------------------------------------------------------------

_NAME = r'"(?:[^"\\]|\\.)*"|[^":(),.>]+'
_PLAIN_ITEM = re.compile(rf"\s*(?:(?P<alias>{_NAME}):)?(?P<column>{_NAME})\s*")


def _result_types(select: str | None, columns: dict[str, str]) -> dict[str, str]:
    """Result key → column type, for the items of `select` that are a column as it is (perhaps renamed)."""
    types: dict[str, str] = {}
    for item in _split_items(select or "*"):
        if item.strip() == "*":
            types |= columns
        elif (plain := _PLAIN_ITEM.fullmatch(item)) and (name := _unquoted(plain["column"])) in columns:
            types[_unquoted(plain["alias"] or plain["column"])] = columns[name]
    return types


def _split_items(select: str) -> list[str]:
    """The items between the commas that stand outside quotes and parentheses."""
    items, depth, quoted = [""], 0, False
    for character in select:
        quoted ^= character == '"'
        depth += 0 if quoted else (character == "(") - (character == ")")
        if character == "," and depth == 0 and not quoted:
            items.append("")
        else:
            items[-1] += character
    return items


def _unquoted(name: str) -> str:
    name = name.strip()
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def _installed_engine() -> Engine:
    engines: tuple[Engine, ...] = ("pandas", "polars")
    for name in engines:
        if importlib.util.find_spec(name) is not None:
            return name
    raise NoFrames("df() needs pandas or polars. Install one of them: pip install pandas")


def _engine(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NoFrames(f"df({name!r}) needs {name}. Install it: pip install {name}") from error


def _number(value: Any) -> float | None:
    """Infinities and NaN travel as strings, since JSON has no word for them."""
    return None if value is None else float(value)


def _bytes(value: Any) -> Any:
    return bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("\\x") else value


def _pandas_frame(columns: dict[str, list[Any]], types: dict[str, str]) -> Any:
    pandas = _engine("pandas")
    return pandas.DataFrame({name: _pandas_series(pandas, values, types.get(name)) for name, values in columns.items()})


def _pandas_series(pandas: Any, values: list[Any], column_type: str | None) -> Any:
    missing = any(value is None for value in values)
    try:
        match column_type:
            case "bigint":
                return pandas.Series(values, dtype="Int64" if missing else "int64")
            case "boolean":
                return pandas.Series(values, dtype="boolean" if missing else "bool")
            case "double precision" | "numeric":
                return pandas.Series([_number(value) for value in values], dtype="float64")
            case "date" | "timestamp":
                return pandas.Series(pandas.to_datetime(values, format="ISO8601"))
            case "bytea":
                return pandas.Series([_bytes(value) for value in values], dtype="object")
            case "jsonb":
                return pandas.Series(values, dtype="object")
            case "text":
                return pandas.Series(values, dtype="str")
    except (ValueError, TypeError):
        # SQLite lets a cell hold something else than its column declares; such a column stays as it came.
        return pandas.Series(values, dtype="object")
    return pandas.Series(values)


def _polars_frame(columns: dict[str, list[Any]], types: dict[str, str]) -> Any:
    polars = _engine("polars")
    return polars.DataFrame([_polars_series(polars, name, values, types.get(name)) for name, values in columns.items()])


def _polars_series(polars: Any, name: str, values: list[Any], column_type: str | None) -> Any:
    try:
        match column_type:
            case "bigint":
                return polars.Series(name, values, dtype=polars.Int64)
            case "boolean":
                return polars.Series(name, values, dtype=polars.Boolean)
            case "double precision" | "numeric":
                return polars.Series(name, [_number(value) for value in values], dtype=polars.Float64)
            case "date":
                return polars.Series(name, values, dtype=polars.String).str.to_date("%Y-%m-%d")
            case "timestamp":
                return polars.Series(name, values, dtype=polars.String).str.to_datetime()
            case "bytea":
                return polars.Series(name, [_bytes(value) for value in values], dtype=polars.Binary)
            case "text":
                return polars.Series(name, values, dtype=polars.String)
    except (ValueError, TypeError, polars.exceptions.PolarsError):
        # SQLite lets a cell hold something else than its column declares; such a column stays as it came.
        text = all(value is None or isinstance(value, str) for value in values)
        return polars.Series(name, values, dtype=polars.String if text else polars.Object)
    return polars.Series(name, values, strict=False)
