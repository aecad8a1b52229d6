"""A table on its way to another shape: its definition as it will be, and where each column's cells come from."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

from rolltop.collections.schema.convert import Conversion
from rolltop.collections.schema.errors import NoSuchColumn
from rolltop.data.definition import ColumnText, TableText, read


@dataclass(slots=True)
class Draft:
    """Built from the table's present SQL; the changes are made to `text`."""

    name: str
    before: TableText
    text: TableText
    sources: dict[str, str] = field(default_factory=dict)
    """For each column that was there, by its name in lower case: the name that its cells are found under."""
    conversions: dict[str, Conversion] = field(default_factory=dict)
    """For each retyped column, by its name in lower case."""
    lost: list[str] = field(default_factory=list)
    appended: list[ColumnText] = field(default_factory=list)
    """New last columns, as long as nothing else has changed."""
    otherwise: bool = False
    """Whether anything but `appended` has changed."""

    @classmethod
    def of(cls, name: str, sql: str) -> "Draft":
        """The draft of an unchanged table."""
        before = read(sql)
        sources = {column.name.lower(): column.name for column in before.columns}
        return cls(name, before, copy.deepcopy(before), sources)

    @property
    def changed(self) -> bool:
        """Whether the table is another than before."""
        return self.otherwise or bool(self.appended)

    @property
    def names(self) -> list[str]:
        """The columns' names in their order."""
        return [column.name for column in self.text.columns]

    def column(self, name: str, place: str = "column") -> ColumnText:
        """The column of that name.

        Raises:
            NoSuchColumn: there is none.
        """
        found = self.text.column(name)
        if found is None:
            raise NoSuchColumn(name, self.names, place)
        return found

    def exact(self, names: Sequence[str], place: str = "columns") -> list[str]:
        """The names as the table writes them."""
        return [self.column(name, f"{place}.{at}").name for at, name in enumerate(names)]

    def replace(self, column: ColumnText, by: ColumnText) -> None:
        """Put another definition in a column's place."""
        self.text.columns = [by if each is column else each for each in self.text.columns]
        self.otherwise = True
