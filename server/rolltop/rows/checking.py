"""Whether a rule fits its table, asked when it is written and not when somebody meets it."""

from types import MappingProxyType

from rolltop.auth import Rights, TableRights
from rolltop.data import Catalog
from rolltop.kit.ids import new_id
from rolltop.rows import plan, rules, sight
from rolltop.rows.conditions import where_of
from rolltop.rows.statement import Text

_SOMEBODY = (new_id(), "Somebody", "viewer")


def check_rule(catalog: Catalog, table: str, rule: str) -> None:
    """Plan the rule and read its values by the types of its columns.

    Raises:
        BadRule: it is none.
        RolltopError: the dialect's errors for columns, operators and values that do not fit.
    """
    found = rules.read(rule)
    if not found:
        return
    rights = Rights(MappingProxyType({table: TableRights(rule=rule)}))
    text = Text()
    text.statement(where_of(text, plan.fitted(sight.of(catalog, (rights,)), table, 0, ""))).bindings(_SOMEBODY)
