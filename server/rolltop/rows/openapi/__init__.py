"""The OpenAPI 3.1 paths and schemas of the tables, views and saved queries: what `/rest/v1` does, said for each.

    catalog ─▶ one path a table, its row as read, inserted and updated, a filter a column ─┐
    saved queries ─▶ one path a query, its arguments, what it gives ───────────────────────┴▶ merged by `rolltop.docs`

`root` says the same in Swagger 2.0, which is what the dialect's own tools read. Pure: the catalog in, plain JSON
values out. Components that all tables share (errors, `order`, `limit`, …) carry
names that start with `rows.`, which no table's name can turn into.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from rolltop.auth import Grant, Scope
from rolltop.data import Catalog, Table
from rolltop.rows.openapi.answers import SHARED_HEADERS
from rolltop.rows.openapi.calls import TAG, allowed, parts
from rolltop.rows.openapi.columns import JSONObject
from rolltop.rows.openapi.embeds import related
from rolltop.rows.openapi.names import component_names
from rolltop.rows.openapi.operations import methods, reading, writing
from rolltop.rows.openapi.parameters import SHARED_PARAMETERS, filters
from rolltop.rows.openapi.refusals import SHARED_RESPONSES
from rolltop.rows.openapi.schemas import insert_schema, row_schema, update_schema
from rolltop.rows.saved import Call
from rolltop.rows.sight import Sight

ROOT = "/rest/v1"

__all__ = ["ROOT", "TAG", "RowsDocument", "document"]


@dataclass(slots=True)
class RowsDocument:
    """The part of an OpenAPI document that comes from the catalog."""

    paths: JSONObject = field(default_factory=dict)
    schemas: JSONObject = field(default_factory=dict)
    parameters: JSONObject = field(default_factory=dict)
    responses: JSONObject = field(default_factory=dict)
    headers: JSONObject = field(default_factory=dict)
    tags: list[JSONObject] = field(default_factory=list)


def document(
    sight: Sight,
    grant: Grant,
    taken: Collection[str] = (),
    calls: Sequence[Call] = (),
) -> RowsDocument:
    """Paths, components and tags of all tables, views and saved queries, as far as a caller with `grant` may use them.

    `taken` are schema names that are in use elsewhere.
    """
    reads, writes = Scope.ROWS_READ in grant.scopes, Scope.ROWS_WRITE in grant.scopes
    catalog = sight.catalog
    tables = sorted(catalog.tables.values(), key=lambda table: table.name.casefold())
    endings = ("", "_insert", "_update")
    names = component_names([table.name for table in tables], taken, endings)
    made = RowsDocument()
    if reads or writes:
        made.parameters, made.responses = dict(SHARED_PARAMETERS), dict(SHARED_RESPONSES)
        made.headers = dict(SHARED_HEADERS)
    for table in tables:
        possible = methods(table, grant)
        if possible:
            _add(made, sight, table, names, possible)
    used = {*taken, *(name + ending for name in names.values() for ending in endings)}
    _add_calls(made, catalog, allowed(calls, grant), {} if not reads else names, used)
    return made


def _add_calls(
    made: RowsDocument, catalog: Catalog, calls: Sequence[Call], names: dict[str, str], taken: set[str]
) -> None:
    added = parts(catalog, calls, names, taken)
    made.paths |= {f"{ROOT}{path}": operations for path, operations in added.paths.items()}
    made.schemas |= added.schemas
    made.parameters |= added.parameters
    if calls and all(tag["name"] != TAG for tag in made.tags):  # a table may be called so
        made.tags.append({"name": TAG, "description": "SQL under a name, with typed parameters."})


def _add(made: RowsDocument, sight: Sight, table: Table, names: dict[str, str], possible: frozenset[str]) -> None:
    name = names[table.name]
    by_column = filters(table, name)
    keys = [key for key, _ in by_column]
    made.parameters |= dict(by_column)
    made.schemas[name] = row_schema(table, names)
    operations = reading(table, name, keys, related(sight.catalog, table))
    if possible - {"get"}:
        fixed = sight.fixed.get(table.name, frozenset())
        written = replace(table, columns=tuple(column for column in table.columns if column.name not in fixed))
        made.schemas[f"{name}_insert"] = insert_schema(written, names)
        made.schemas[f"{name}_update"] = update_schema(written, names)
        operations |= writing(table, name, keys)
    operations = {method: operation for method, operation in operations.items() if method in possible}
    made.tags.append({"name": table.name, "description": _tag_description(table)})
    made.paths[f"{ROOT}/{quote(table.name, safe='')}"] = operations


def _tag_description(table: Table) -> str:
    key = ", ".join(f"`{column}`" for column in table.primary_key)
    kind = "Table" if table.kind == "table" else "View"
    columns = "1 column" if len(table.columns) == 1 else f"{len(table.columns)} columns"
    return f"{kind} with {columns}" + (f", key {key}." if key else ".")
