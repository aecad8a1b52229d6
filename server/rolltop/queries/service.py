"""Saved queries: checked when they are saved, handed to the rows lane whenever they change."""

import builtins
import threading
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from rolltop.data import Data
from rolltop.data.errors import BeyondLimits, ForbiddenSQL, SQLProblem, UndefinedColumn, UndefinedTable
from rolltop.data.inspection import Inspected
from rolltop.data.types import ColumnType, SQLValue, all_types
from rolltop.data.types.expression import EXPRESSION
from rolltop.db.database import Database
from rolltop.errors import RolltopError
from rolltop.kit.ids import new_id, now
from rolltop.queries import errors, store
from rolltop.queries.schemas import Parameter, ParameterDeclaration, Query, QueryColumn, QueryProblem, QueryWrite
from rolltop.queries.tables import QueryRow
from rolltop.rows.arguments import read as read_argument
from rolltop.rows.described import Described
from rolltop.rows.saved import Parameter as SavedParameter
from rolltop.rows.saved import SavedQueries, SavedQuery
from rolltop.rows.similar import closest

MOST = 2_000
_TYPES: dict[str, ColumnType] = {kind.name: kind for kind in all_types()}


Publish = Callable[[str, dict[str, Any]], None]


class Queries:
    """All saved queries: in `rolltop.db`, and in `saved`, from where they are called."""

    def __init__(self, database: Database, data: Data, saved: SavedQueries, publish: Publish) -> None:
        self._database = database
        self._publish = publish
        self._data = data
        self._saved = saved
        self._lock = threading.Lock()
        self._hand_over()

    def list(self) -> builtins.list[Query]:
        """Every saved query, by name."""
        with self._database.read() as session:
            return [self._described(row) for row in store.by_names(session)]

    def get(self, name: str) -> Query:
        """One saved query.

        Raises:
            NoSuchQuery: there is none of that name.
        """
        with self._database.read() as session:
            return self._described(_row(session, name))

    def create(self, wanted: QueryWrite, actor: str) -> Query:
        """Check and keep a new query.

        Raises:
            BadSQL, RefusedSQL, WrongParameters, BadDefault: it cannot run as it is.
            QueryNameTaken: there is one of that name.
        """
        with self._lock:
            self._check(wanted)
            with self._database.write() as session:
                if store.number(session) >= MOST:
                    raise errors.TooManyQueries(MOST)
                _check_name(session, wanted.name)
                moment = now()
                row = QueryRow(id=new_id(), created=moment, changed=moment, **_fields(wanted))
                store.add(session, row)
            self._hand_over()
            self._tell("create", wanted.name, actor)
        return self.get(wanted.name)

    def replace(self, name: str, wanted: QueryWrite, actor: str) -> Query:
        """Check it and put it in the place of the query called `name`; it may bring another name.

        Raises:
            NoSuchQuery: there is none of that name; and what `create` raises.
        """
        with self._lock:
            with self._database.write() as session:
                row = _row(session, name)
                self._check(wanted)
                if wanted.name != name:
                    _check_name(session, wanted.name)
                for field, value in _fields(wanted).items():
                    setattr(row, field, value)
                row.changed = now()
            self._hand_over()
            self._tell("replace", wanted.name, actor, name if name != wanted.name else None)
        return self.get(wanted.name)

    def delete(self, name: str, actor: str) -> None:
        """Forget a query.

        Raises:
            NoSuchQuery: there is none of that name.
        """
        with self._lock:
            with self._database.write() as session:
                store.delete(session, _row(session, name))
            self._hand_over()
            self._tell("delete", name, actor)

    def _hand_over(self) -> None:
        """Tell the rows lane all there is."""
        with self._database.read() as session:
            self._saved.replace([_saved(row) for row in store.by_names(session)])

    def _tell(self, kind: str, name: str, actor: str, before: str | None = None) -> None:
        self._publish("query", {"name": name, "kind": kind, "actor": actor, "before": before})

    # ---- what its SQL means ----

    def _check(self, wanted: QueryWrite) -> None:
        """Whether the query can run: one statement that may, on tables that are there, with the parameters declared."""
        self._data.fresh_catalog()
        statement = self._inspected(wanted.sql)
        _check_parameters(wanted.parameters, statement.parameters)
        for parameter in wanted.parameters:
            _default(parameter)

    def _inspected(self, sql: str) -> Inspected:
        try:
            return self._data.inspect(sql)
        except ForbiddenSQL as problem:
            raise errors.RefusedSQL(problem.message, details=problem.details, hint=problem.hint) from None
        except SQLProblem as problem:
            hint = self._similar(problem) or problem.hint
            raise errors.BadSQL(problem.message, details=problem.details, hint=hint) from None
        except BeyondLimits as problem:
            raise errors.BadSQL(problem.message, hint=problem.hint) from None

    def _similar(self, problem: SQLProblem) -> str | None:
        """What may have been meant."""
        tables = self._data.catalog.tables
        name = problem.name or ""
        if isinstance(problem, UndefinedTable):
            found = closest(name, tables)
            return None if found is None else f"Perhaps you meant the table {found!r}."
        if isinstance(problem, UndefinedColumn):
            columns = {column.name for table in tables.values() for column in table.columns}
            found = closest(name.rpartition(".")[2], sorted(columns))
            return None if found is None else f"Perhaps you meant the column {found!r}."
        return None

    def _described(self, row: QueryRow) -> Query:
        saved = _saved(row)
        described: Described | None = None
        problem: QueryProblem | None = None
        try:
            described = self._saved.described(saved)
        except RolltopError as error:
            problem = QueryProblem(**error.fields())
        columns = described.table.columns if described is not None and described.shape != "nothing" else ()
        return Query(
            name=row.name,
            sql=row.sql,
            parameters=[Parameter.model_validate(each) for each in row.parameters],
            returns=saved.returns,
            description=row.description,
            path=f"/rest/v1/rpc/{row.name}",
            writes=None if described is None else described.statement.writes,
            shape=None if described is None else described.shape,
            table=described.table.name if described is not None and described.of_table else None,
            columns=[
                QueryColumn(name=column.name, type=None if column.type is EXPRESSION else column.type.name)
                for column in columns
            ],
            problem=problem,
            created=row.created,
            changed=row.changed,
        )


def _row(session: Session, name: str) -> QueryRow:
    row = store.by_name(session, name)
    if row is None:
        raise errors.NoSuchQuery(name)
    return row


def _check_name(session: Session, name: str) -> None:
    if store.by_name(session, name) is not None:
        raise errors.QueryNameTaken(name)


def _fields(wanted: QueryWrite) -> dict[str, Any]:
    return wanted.model_dump(mode="json")


def _saved(row: QueryRow) -> SavedQuery:
    parameters = tuple(_parameter(ParameterDeclaration.model_validate(each)) for each in row.parameters)
    return SavedQuery(row.name, row.sql, parameters, "one" if row.returns == "one" else "many", row.description)


def _parameter(declared: ParameterDeclaration) -> SavedParameter:
    return SavedParameter(declared.name, _TYPES[declared.type], declared.required, _default(declared))


def _default(parameter: ParameterDeclaration) -> SQLValue:
    """The default as it is bound."""
    try:
        return read_argument(parameter.name, _TYPES[parameter.type], parameter.default)
    except RolltopError as error:
        raise errors.BadDefault(parameter.name, error.message, error.hint) from None


def _check_parameters(declared: builtins.list[ParameterDeclaration], named: tuple[str, ...]) -> None:
    """Whether the SQL names just the parameters that are declared, each once."""
    names = [parameter.name for parameter in declared]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise errors.WrongParameters(f"The parameter {twice!r} is declared twice.", hint="Declare it once.")
    missing = [name for name in named if name not in names]
    if missing:
        raise errors.WrongParameters(
            f"The SQL names parameters that are not declared: {', '.join(missing)}.",
            details={"undeclared": missing},
            hint="Declare each with its name and type, or write its value into the SQL.",
        )
    unused = [name for name in names if name not in named]
    if unused:
        raise errors.WrongParameters(
            f"The SQL does not name all parameters that are declared: {', '.join(unused)}.",
            details={"unused": unused},
            hint="Name each in the SQL as :name, or do not declare it.",
        )
