"""The OpenAPI 3.1 paths and schemas of the tables and views: what `/rest/v1` does, said per table.

    catalog ─▶ one path a table, its row as read, inserted and updated, a filter a column ─▶ merged by `rolltop.docs`

Pure: the catalog in, plain JSON values out. Components that all tables share (errors, `order`, `limit`, …) carry
names that start with `rows.`, which no table's name can turn into.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from rolltop.data import Catalog, Table
from rolltop.rows.openapi.answers import SHARED_RESPONSES
from rolltop.rows.openapi.names import component_names
from rolltop.rows.openapi.operations import operations
from rolltop.rows.openapi.parameters import SHARED_PARAMETERS, filters
from rolltop.rows.openapi.schemas import JSONObject, insert_schema, row_schema, update_schema

ROOT = "/rest/v1"


@dataclass(slots=True)
class RowsDocument:
    """The part of an OpenAPI document that comes from the catalog."""

    paths: JSONObject = field(default_factory=dict)
    schemas: JSONObject = field(default_factory=dict)
    parameters: JSONObject = field(default_factory=dict)
    responses: JSONObject = field(default_factory=dict)
    tags: list[JSONObject] = field(default_factory=list)


def document(catalog: Catalog, taken: Iterable[str] = ()) -> RowsDocument:
    """Paths, components and tags for every table and view. `taken` are schema names that are in use elsewhere."""
    tables = sorted(catalog.tables.values(), key=lambda table: table.name.casefold())
    names = component_names([table.name for table in tables], taken, ("", "_insert", "_update"))
    made = RowsDocument(parameters=dict(SHARED_PARAMETERS), responses=dict(SHARED_RESPONSES))
    for table in tables:
        _add(made, table, names)
    return made


def _add(made: RowsDocument, table: Table, names: dict[str, str]) -> None:
    name = names[table.name]
    by_column = filters(table, name)
    made.parameters |= dict(by_column)
    made.schemas[name] = row_schema(table, names)
    if table.writable:
        made.schemas[f"{name}_insert"] = insert_schema(table, names)
        made.schemas[f"{name}_update"] = update_schema(table, names)
    made.tags.append({"name": table.name, "description": _tag_description(table)})
    made.paths[f"{ROOT}/{quote(table.name, safe='')}"] = operations(table, name, [key for key, _ in by_column])


def _tag_description(table: Table) -> str:
    key = ", ".join(f"`{column}`" for column in table.primary_key)
    kind = "Table" if table.kind == "table" else "View"
    return f"{kind} with {len(table.columns)} columns" + (f", key {key}." if key else ".")
