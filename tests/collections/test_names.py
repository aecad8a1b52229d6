"""From headers to names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltop.collections.imports.names import is_name, name_from, table_name, unique_names


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("AlbumId", "AlbumId"),
        ("Dep. delay (min)", "dep_delay_min"),
        ("  Größe ", "Größe"),
        ("größe in cm", "größe_in_cm"),
        ("日付", "日付"),
        ("2019", "column_2019"),
        ("_x", "x"),
        ("!!!", "column"),
        ('a"; DROP TABLE x; --', "a_drop_table_x"),
        ("x" * 100, "x" * 63),
        ("sqlite_x", "column"),
        ("\ufeffa", "a"),
    ],
)
def test_a_header_becomes_the_nearest_name(header: str, name: str) -> None:
    assert name_from(header, "column") == name


def test_equal_names_are_made_different_capitals_or_not() -> None:
    assert unique_names(["a", "A", "a", "a_2", ""]) == ["a", "A_2", "a_3", "a_2_2", "column_5"]


@pytest.mark.parametrize(
    ("file", "table"),
    [("flights.csv", "flights"), ("C:\\data\\My films.TSV", "my_films"), ("../x.csv", "x"), (".csv", "table")],
)
def test_a_file_name_becomes_a_table_name(file: str, table: str) -> None:
    assert table_name(file) == table


@given(st.lists(st.text(max_size=80), max_size=30))
def test_any_headers_become_valid_and_different_names(headers: list[str]) -> None:
    names = unique_names(headers)
    assert len({name.lower() for name in names}) == len(headers)
    assert all(map(is_name, names))
