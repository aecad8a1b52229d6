"""The related tables that a read of one table can embed, as `select` writes them."""

from rolltop.data import Catalog, Table
from rolltop.errors import RolltopError
from rolltop.rows import relations
from rolltop.rows.openapi.names import spelled
from rolltop.rows.relations import Relationship


def related(catalog: Catalog, table: Table) -> str:
    """A Markdown list of what `select` can embed; empty when nothing is related."""
    lines = []
    for relationship in relations.of(catalog, table):
        written = _written(catalog, relationship)
        if written is not None:
            lines.append(f"- `{written}(*)`: {_meaning(relationship)}")
    return "" if not lines else "\n\nRelated tables, for `select`:\n\n" + "\n".join(dict.fromkeys(lines))


def _written(catalog: Catalog, relationship: Relationship) -> str | None:
    """The shortest text that means this relationship and no other; None when there is none."""
    target = relationship.target.name
    ways: list[tuple[str, str | None]] = [(target, None), (target, relationship.name)]
    if len(relationship.columns) == 1:
        if relationship.forward:
            ways.insert(1, (relationship.columns[0], None))
        elif relationship.junction is None:
            ways.append((target, relationship.target_columns[0]))
    for name, hint in ways:
        try:
            found = relations.find(catalog, relationship.origin, name, hint)
        except RolltopError:
            continue
        if found == relationship:
            return spelled(name) if hint is None else f"{spelled(name)}!{spelled(hint)}"
    return None


def _meaning(relationship: Relationship) -> str:
    many = "one" if relationship.to_one else "many"
    if relationship.junction is not None:
        return f"many of `{relationship.target.name}`, through `{relationship.name}`"
    if relationship.forward:
        return f"one of `{relationship.target.name}`, by {_listed(relationship.columns)}"
    return f"{many} of `{relationship.target.name}`, by its {_listed(relationship.target_columns)}"


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in columns)
