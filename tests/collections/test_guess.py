"""From the cells of a column to its type."""

import pytest

from rolltop.collections.imports import tally as tallies
from rolltop.collections.imports.guess import best, guess
from rolltop.collections.imports.tally import Tally


def tally_of(*cells: str) -> Tally:
    """All cells, in two chunks."""
    tally = Tally()
    middle = (len(cells) + 1) // 2
    for at, part in ((1, cells[:middle]), (middle + 1, cells[middle:])):
        if part:
            tally.add(part, at)
    return tally


def type_of(*cells: str) -> tuple[str, str | None]:
    """The type and the reading that the cells are taken for."""
    reading = guess(tally_of(*cells)).reading
    return reading.type, reading.name


class TestGuess:
    @pytest.mark.parametrize(
        ("cells", "type_name"),
        [
            (("1", "", "3"), "integer"),
            (("1", "2.5"), "real"),
            (("1.50", "2.25"), "decimal"),
            (("1.5", "2.25"), "real"),
            (("10.00", "12.00"), "decimal"),
            (("1.0", "2.0"), "real"),
            (("1.0", "", "2.0"), "integer"),
            (("0", "1"), "integer"),
            (("true", "false"), "boolean"),
            (("true", "true"), "boolean"),
            (("yes", "No"), "boolean"),
            (("no", "no"), "text"),
            (("y", "true"), "text"),
            (("007", "123"), "text"),
            (("1234567890123456", "5"), "text"),
            (("2024-01-31", "2024-02-01"), "date"),
            (("2024-01-31", "2024-02-01T10:00:00Z"), "timestamp"),
            (("12:30", "07:15:30"), "time"),
            (("{}", "[1]"), "json"),
            (('"a"', '"b"'), "text"),
            (("a", "1"), "text"),
            (("", ""), "text"),
            ((" 1", "2 ", "  ", " NA "), "integer"),
            (("yes ", "No", " "), "boolean"),
        ],
    )
    def test_takes_the_narrowest_type_that_every_cell_fits(self, cells: tuple[str, ...], type_name: str) -> None:
        assert type_of(*cells)[0] == type_name

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (("1,5", "2,25"), ("real", "decimal comma")),
            (("1.234,5", "3,25"), ("real", "decimal comma")),
            (("1.234,50", "0,99"), ("decimal", "decimal comma")),
            (("1,234.5", "7"), ("real", "commas between thousands")),
            (("1,234,567", "7"), ("integer", "commas between thousands")),
            (("1,234", "5,678"), ("text", None)),
            (("1.234", "5.678"), ("real", None)),
            (("31/12/2024", "01/02/2024"), ("date", "day/month/year")),
            (("12/31/2024", "01/02/2024"), ("date", "month/day/year")),
            (("01/02/2024", "03/04/2024"), ("text", None)),
            (("01.02.2024", "03.04.2024"), ("date", "day/month/year")),
        ],
    )
    def test_reads_local_ways_of_writing_only_when_there_is_no_doubt(
        self, cells: tuple[str, ...], expected: tuple[str, str | None]
    ) -> None:
        assert type_of(*cells) == expected

    def test_words_for_null_are_null_only_in_a_typed_column(self) -> None:
        typed = guess(tally_of("1", "NA", "", "2"))
        assert (typed.reading.type, typed.nulls, typed.words, typed.distinct) == ("integer", 2, ("NA",), 2)
        text = guess(tally_of("DE", "NA", "", "FR"))
        assert (text.reading.type, text.nulls, text.words, text.distinct) == ("text", 1, (), 3)

    def test_counts_for_each_other_type_the_cells_that_would_not_fit(self) -> None:
        found = guess(tally_of("1", "2", "x", "x", "2.5", ""))
        assert found.misfits["integer"] == 3
        assert found.misfits["real"] == 2
        assert "text" not in found.misfits

    def test_is_less_confident_of_text_that_is_nearly_a_number(self) -> None:
        words = guess(tally_of(*["word"] * 100))
        nearly = guess(tally_of(*["1"] * 99, "x"))
        assert nearly.confidence < 0.6 < 0.9 < words.confidence

    def test_names_the_first_cell_that_does_not_fit(self) -> None:
        assert best(tally_of("1", "2", "x", "y"), "integer").first_misfit == (3, "x")


class TestTally:
    def test_a_value_that_comes_back_later_is_not_unique(self) -> None:
        assert tally_of("a", "b", "c", "d").can_be_key()
        assert not tally_of("a", "b", "c", "a").can_be_key()
        assert not tally_of("a", "", "c", "d").can_be_key()

    def test_knows_when_there_are_too_many_values_to_remember(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tallies, "VALUES_KEPT", 10)
        cells = [str(number) for number in range(100)]
        tally = tally_of(*cells, "x")
        assert tally.distinct is None
        assert tally.can_be_key()
        assert guess(tally).misfits["integer"] == 1
        assert not tally_of(*cells, "5").can_be_key()

    @pytest.mark.parametrize("cells", [("1.5", "2.5"), ("a b", "c"), ("x" * 65, "y"), ("2024-01-01", "2024-01-02")])
    def test_only_whole_numbers_and_short_codes_can_be_keys(self, cells: tuple[str, ...]) -> None:
        assert not tally_of(*cells).can_be_key()

    def test_does_not_keep_long_values(self) -> None:
        tally = tally_of("x" * 100_000, "y")
        assert tally.distinct is None
        assert guess(tally).reading.type == "text"
