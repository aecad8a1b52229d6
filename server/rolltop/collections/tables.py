"""Labels of tables and columns as `rolltop.db` keeps them: what SQL has no place for."""

from sqlmodel import Field, SQLModel


class LabelRow(SQLModel, table=True):
    """What people call a column, or, with an empty column name, a table; and what it means."""

    __tablename__ = "labels"

    table: str = Field(primary_key=True)
    column: str = Field(primary_key=True)
    label: str = ""
    """Empty: people call it by its name."""
    description: str = ""
