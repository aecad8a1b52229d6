"""What the text of one cell can be read as."""

import pytest

from rolltop.collections.imports.cells import Kind, kind_of
from rolltop.collections.imports.readings import BY_TYPE, READINGS


def fitting(cell: str) -> set[str]:
    """The types that take the cell without losing anything."""
    return {reading.type for reading in READINGS if reading.keeps(kind_of(cell))}


@pytest.mark.parametrize(
    ("cell", "types"),
    [
        ("5", {"integer", "decimal", "real", "json"}),
        ("-5", {"integer", "decimal", "real", "json"}),
        ("0", {"boolean", "integer", "decimal", "real", "json"}),
        ("5.25", {"decimal", "real", "json"}),
        ("5.", {"integer", "decimal", "real"}),
        ("1e-05", {"decimal", "real", "json"}),
        ("1.0000000000000000000001e5", {"real", "json"}),
        ("1e999", set()),
        ("007", set()),
        ("+49", set()),
        ("12345678901234567890", {"json"}),
        ("1234567890123456", {"decimal", "json"}),
        ("12345678901234567.0", {"json"}),
        ("0.30000000000000004", {"decimal", "real", "json"}),
        ("0.30000000000000001", {"real", "json"}),
        ("123456789012345680.0", {"decimal", "real", "json"}),
        ("true", {"boolean", "json"}),
        ("True", {"boolean"}),
        ("\\x00FF", {"blob"}),
        ("No", {"boolean"}),
        ("2024-02-29", {"date", "timestamp"}),
        ("2023-02-29", set()),
        ("31.12.2024", {"date", "timestamp"}),
        ("2024-05-01 12:30", {"timestamp"}),
        ("2024-05-01T12:30:00+02:00", {"timestamp"}),
        ("0001-01-01T00:00:00+14:00", set()),
        ("24:00", set()),
        ("9:30", {"time"}),
        ("13:30 PM", set()),
        ("may 1st, 2024", set()),
        ("Sat 1 May 2024", set()),
        ("1May2024", set()),
        ("1 May 2024", {"date", "timestamp"}),
        ("Marchhare 1 2024", set()),
        ("23:59:59.5", {"time"}),
        ("550E8400-e29b-41d4-a716-446655440000", {"uuid"}),
        ('{"a": [1]}', {"json"}),
        ("{a}", set()),
        ("[NaN]", set()),
        ("N14228", set()),
        ("１２", set()),
        ("5" * 2_000, set()),
        ("[" * 100_000, set()),
    ],
)
def test_a_cell_fits_the_types_that_lose_nothing_of_it(cell: str, types: set[str]) -> None:
    assert fitting(cell) == types


@pytest.mark.parametrize("cell", ["NA", "n/a", "NULL", "None", "NaN", "-", "  "])
def test_words_for_null_are_known(cell: str) -> None:
    assert kind_of(cell) & Kind.WORD_FOR_NULL


@pytest.mark.parametrize(
    ("type_name", "reading", "cell", "value"),
    [
        ("real", "decimal comma", "1.234,5", "1234.5"),
        ("real", "commas between thousands", "1,234.5", "1234.5"),
        ("date", "day/month/year", "1.2.2024", "2024-02-01"),
        ("date", "month/day/year", "1/2/2024", "2024-01-02"),
        ("date", "year/month/day", "2024/1/2", "2024-01-02"),
        ("timestamp", None, "2024-05-01 12:30", "2024-05-01T12:30:00Z"),
        ("timestamp", None, "2024-05-01T12:30:00.5+02:00", "2024-05-01T10:30:00.500000Z"),
        ("timestamp", "day/month/year", "31.12.2024 9:05", "2024-12-31T09:05:00Z"),
        ("timestamp", "day/month/year", "31.12.2024", "2024-12-31T00:00:00Z"),
        ("boolean", None, "Yes", 1),
        ("boolean", None, "off", 0),
        ("uuid", None, "550E8400-E29B-41D4-A716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
    ],
)
def test_a_reading_writes_cells_as_they_are_stored(
    type_name: str, reading: str | None, cell: str, value: str | int
) -> None:
    found = next(each for each in BY_TYPE[type_name] if each.name == reading)
    assert found.fits(kind_of(cell))
    assert found.convert is not None
    assert found.convert(cell) == value
