"""The page before there is a server, and when something went wrong."""

import re

from rolltop_desktop.lifecycle import RESTARTING, STARTING, Notice
from rolltop_desktop.window import local_page


def test_the_local_page_needs_nothing_and_runs_nothing() -> None:
    for notice in (STARTING, RESTARTING):
        page = local_page(notice)
        assert "<!--" not in page
        assert not re.search(r"<script|\bon\w+=|src=|https?://(?!www\.w3\.org)", page)


def test_the_error_page_shows_texts_as_text_and_its_buttons() -> None:
    actions = ("retry", "log", "browser", "quit")
    page = local_page(Notice("<b>Bad</b>", "<script>alert(1)</script>", "a & b", actions=actions))
    assert "<script>" not in page
    assert "&lt;b&gt;Bad&lt;/b&gt;" in page
    assert re.findall(r'href="([^"]+)"', page) == ["rolltop:retry", "rolltop:log", "rolltop:browser", "rolltop:quit"]
