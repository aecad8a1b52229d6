"""A column, from the wish to its definition in SQL."""

from typing import Any

from rolltop.collections.imports.declare import checks
from rolltop.collections.schema.errors import BadDefault, BadRule
from rolltop.collections.schema.expressions import whole
from rolltop.collections.schema.schemas import AlterColumn, NewColumn, ReferenceTo, Rules
from rolltop.data import ddl, quote
from rolltop.data.checks import choices, lengths
from rolltop.data.definition import Clause, ColumnText
from rolltop.data.quoting import quote_text
from rolltop.data.types import ColumnType, SQLValue, of_declared
from rolltop.data.types.timestamp import in_utc
from rolltop.errors import BadRequest

_STRICT_TYPES = frozenset({"INTEGER", "REAL", "TEXT", "BLOB"})
_TEXTS = frozenset({"text", "uuid"})
_WITH_CHOICES = frozenset({"text", "bigint", "double precision", "numeric", "date", "time", "timestamp", "uuid"})
FORMATS = ("email", "url")


def made(wish: NewColumn, *, strict: bool = False) -> ColumnText:
    """The definition of a new column. Keys are set by the table.

    Raises:
        BadRule, BadDefault, BadExpression: the rules do not go together, or not with the type.
    """
    kind = of_declared(wish.type.upper())
    column = ColumnText(wish.name, declared(kind, strict=strict))
    rules: list[Clause | None] = [type_check(kind, wish.name)]
    if wish.generated is not None:
        rules.append(_generated(wish.generated.expression, stored=wish.generated.stored))
        if wish.default is not None or wish.default_expression is not None:
            raise BadRule("A generated column has no default.", place="default", hint="Leave the default out.")
    else:
        rules.append(_default(wish, kind))
    rules += [
        Clause("NOT", "NOT NULL") if wish.not_null else None,
        Clause("UNIQUE", "UNIQUE") if wish.unique else None,
        *rule_checks(wish, kind, wish.name),
        None if wish.references is None else Clause("REFERENCES", references(wish.references)),
    ]
    column.clauses = [rule for rule in rules if rule is not None]
    return column


def altered(column: ColumnText, wish: AlterColumn, *, strict: bool) -> ColumnText:
    """The definition with the given rules instead of its own; what the wish leaves out stays in its author's words.

    Raises:
        BadRule, BadDefault, BadExpression: the rules do not go together, or not with the type.
    """
    given = wish.model_fields_set
    kind = of_declared(column.type if wish.type is None else wish.type.upper())
    made = ColumnText(column.name, column.type, list(column.clauses), column.comment)
    if wish.type is not None:
        made.without(_own_type_checks(column))
        made.type = declared(kind, strict=strict)
        check = None if wish.misfits == "keep" else type_check(kind, column.name)
        made.clauses = [*([] if check is None else [check]), *_without_autoincrement(made.clauses, kind)]
    if "generated" in given:
        made.without(made.of("GENERATED", "AS"))
        if wish.generated is not None:
            made.clauses.append(_generated(wish.generated.expression, stored=wish.generated.stored))
    if "not_null" in given:
        made.without(made.of("NOT", "NULL"))
        made.clauses += [Clause("NOT", "NOT NULL")] if wish.not_null else []
    if "unique" in given:
        made.without(made.of("UNIQUE"))
        made.clauses += [Clause("UNIQUE", "UNIQUE")] if wish.unique else []
    if {"default", "default_expression"} & given:
        made.without(made.of("DEFAULT"))
        default = _default(wish, kind)
        made.clauses += [] if default is None else [default]
    made.without(_replaced_checks(column, given))
    made.clauses += rule_checks(wish, kind, column.name)
    if "references" in given:
        made.without(made.of("REFERENCES"))
        made.clauses += [] if wish.references is None else [Clause("REFERENCES", references(wish.references))]
    if made.generated and made.of("DEFAULT"):
        raise BadRule("A generated column has no default.", place="default", hint='Add "default": null.')
    return made


def declared(kind: ColumnType, *, strict: bool) -> str:
    """The type as it is written.

    Raises:
        BadRule: the table is STRICT and does not know it.
    """
    if strict and kind.declared not in _STRICT_TYPES:
        raise BadRule(
            f"The table is STRICT: its columns are integer, real, text or blob, not {kind.declared.lower()}.",
            place="type",
            hint="Choose one of these.",
        )
    return kind.declared


def type_check(kind: ColumnType, name: str) -> Clause | None:
    """The CHECK that holds cells to the type, as imports write it."""
    check = kind.check(quote(name))
    return None if check is None else _check(check)


def rule_checks(wish: Rules, kind: ColumnType, name: str) -> list[Clause]:
    """The CHECKs for choices, length, form and the person's own rule."""
    quoted = quote(name)
    found = []
    if wish.choices is not None:
        if kind.name not in _WITH_CHOICES:
            raise BadRule(f"A {kind.declared.lower()} has no choices.", place="choices", hint="Make the column a text.")
        values = ", ".join(literal(_fitting(kind, each, "choices")) for each in wish.choices)
        found.append(f"{quoted} IN ({values})")
    if wish.max_length is not None:
        _only_texts(kind, "max_length")
        found.append(f"length({quoted}) <= {wish.max_length}")
    if wish.format is not None:
        _only_texts(kind, "format")
        found.append(checks(quoted, wish.format)[-1])
    if wish.check is not None:
        found.append(whole(wish.check, "check"))
    return [_check(each) for each in found]


def _only_texts(kind: ColumnType, place: str) -> None:
    if kind.name not in _TEXTS:
        raise BadRule(
            f"Only a text has a {place.replace('_', ' ')}.", place=place, hint="Use `check` for a rule about numbers."
        )


def references(to: ReferenceTo) -> str:
    """The REFERENCES clause."""
    columns = "" if to.columns is None else f" ({', '.join(map(quote, to.columns))})"
    actions = "".join(
        f" ON {event} {action.upper()}"
        for event, action in (("DELETE", to.on_delete), ("UPDATE", to.on_update))
        if action != "no action"
    )
    return f"REFERENCES {quote(to.table)}{columns}{actions}" + (" DEFERRABLE INITIALLY DEFERRED" if to.deferred else "")


def literal(value: SQLValue) -> str:
    """A value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return quote_text(value)
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return repr(value)


def _default(wish: Rules, kind: ColumnType) -> Clause | None:
    if wish.default_expression is not None:
        if wish.default is not None:
            raise BadDefault("There are two defaults.", place="default", hint="Leave one of them out.")
        return Clause("DEFAULT", f"DEFAULT ({whole(wish.default_expression, 'default_expression')})")
    if wish.default is None:
        return None
    return Clause("DEFAULT", f"DEFAULT {literal(_fitting(kind, wish.default, 'default'))}")


def _fitting(kind: ColumnType, value: Any, place: str) -> SQLValue:
    try:
        made = kind.coerce(value)
        if isinstance(made, str) and ("\x00" in made or any("\ud800" <= mark <= "\udfff" for mark in made)):
            raise BadRequest("it contains U+0000 or half a character")
        return in_utc(str(made)) if kind.name == "timestamp" else made
    except (BadRequest, OverflowError, ValueError) as error:
        reason = error if isinstance(error, BadRequest) else "it cannot be stored"
        raise BadDefault(
            f"{str(value)[:200]!a} does not fit: {reason}.",
            place=place,
            hint=f"A {kind.declared.lower()} is written as {kind.example}.",
        ) from None


def _generated(expression: str, *, stored: bool) -> Clause:
    kept = "STORED" if stored else "VIRTUAL"
    return Clause("GENERATED", f"GENERATED ALWAYS AS ({whole(expression, 'generated.expression')}) {kept}")


def _own_type_checks(column: ColumnText) -> list[Clause]:
    """The CHECK that Rolltop wrote for the present type."""
    check = type_check(of_declared(column.type), column.name)
    wanted = None if check is None else _words(check)
    return [clause for clause in column.of("CHECK") if _words(clause) == wanted]


def _replaced_checks(column: ColumnText, given: set[str]) -> list[Clause]:
    """The CHECKs that a wish for choices, a length, a form or a rule takes the place of."""
    own = _own_type_checks(column)
    gone = []
    for clause in column.of("CHECK"):
        if not any(clause is each for each in own) and rule_of(column, clause) in given:
            gone.append(clause)
    return gone


def rule_of(column: ColumnText, clause: Clause) -> str:
    """Which of the wishes a CHECK behind a column comes from: choices, max_length, format, or check."""
    found = ddl.Check(clause.name, column.name, clause.expression)
    if choices(found) is not None:
        return "choices"
    if any(side == "most" for _, side, _ in lengths(found)):
        return "max_length"
    return "check" if format_of(column.name, clause) is None else "format"


def format_of(column: str, clause: Clause) -> str | None:
    """The form that a CHECK of ours demands."""
    words = _words(clause)
    return next((each for each in FORMATS if words == _words(_check(checks(quote(column), each)[-1]))), None)


def _check(expression: str) -> Clause:
    return Clause("CHECK", f"CHECK ({expression})")


def _words(clause: Clause) -> str:
    return " ".join(token.name if token.kind == "name" else token.text for token in clause.expression)


def _without_autoincrement(clauses: list[Clause], kind: ColumnType) -> list[Clause]:
    """AUTOINCREMENT is for integers; any other key must say that it is not null."""
    if kind.declared == "INTEGER":
        return clauses
    kept = []
    for clause in clauses:
        if clause.kind == "PRIMARY" and any(token.word == "AUTOINCREMENT" for token in clause.tokens):
            clause = Clause("PRIMARY", clause.text.upper().replace("AUTOINCREMENT", "").strip(), clause.name)
        kept.append(clause)
    if any(clause.kind == "PRIMARY" for clause in kept) and not any(clause.kind == "NOT" for clause in kept):
        kept.insert(0, Clause("NOT", "NOT NULL"))
    return kept
