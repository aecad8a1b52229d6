"""Native dialogs: what may be asked, and what comes of the answers."""

from collections.abc import Sequence

import pytest

from rolltop_desktop import dialogs


def answering(answer: object, asked: list[tuple[str, Sequence[str], str]] | None = None) -> dialogs.Native:
    def native(kind: dialogs.Kind, filters: Sequence[str], name: str) -> object:
        if asked is not None:
            asked.append((kind, filters, name))
        return answer

    return native


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        ("/a/ü.csv", "/a/ü.csv"),
        (("/a", "/b"), "/a"),
        (["/a"], "/a"),
        (None, None),
        ((), None),
        ("", None),
        ((None,), None),
    ],
)
def test_whatever_the_native_dialog_gives_one_path_comes_of_it(answer: object, chosen: str | None) -> None:
    assert dialogs.ask(answering(answer), "open", [], "") == chosen


def test_unknown_kinds_and_odd_filters_are_not_passed_on() -> None:
    asked: list[tuple[str, Sequence[str], str]] = []
    native = answering("/a", asked)
    assert dialogs.ask(native, "format the disk", [], "") is None
    dialogs.ask(native, "save", ["Tables (*.csv;*.tsv)", "(*.x", "All files (*)"], "../../etc/pass\x00wd")
    dialogs.ask(native, "open", ["nonsense"], "")
    assert asked == [
        ("save", ["Tables (*.csv;*.tsv)", "All files (*)"], "_.._etc_pass_wd"),
        ("open", ["All files (*)"], ""),
    ]
