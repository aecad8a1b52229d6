"""The Data page while the server goes away and comes back: nothing typed is lost."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from tests.conftest import LiveServer, Servers
from tests.e2e.conftest import Visit, Watch, new_code
from tests.e2e.data_seed import Sheet, build_shop


@pytest.fixture
def live(tmp_path: Path, servers: Servers) -> LiveServer:
    """A server of this test's own."""
    build_shop(tmp_path / "workspace")
    return servers.start(tmp_path / "workspace")


def test_an_edit_waits_for_the_server(visit: Visit, live: LiveServer, servers: Servers, watch: Watch) -> None:
    watch.allow("ERR_|Failed to load|401|signin|net::")
    orders = Sheet(visit("/data/orders"), live, "orders")
    page = orders.page
    orders.cell(0, "note").click()
    page.keyboard.type("Typed while ")
    servers.stop(live)
    page.keyboard.type("it was away")
    orders.keys("Enter")
    expect(page.get_by_text("Waiting for Rolltop; nothing is lost")).to_be_visible()
    expect(orders.cell(0, "note")).to_have_text("Typed while it was away")
    again = servers.start(live.workspace, "--port", str(urlsplit(live.url).port))
    # A new server has a new token: the page asks to sign in, over what waits.
    page.evaluate("(code) => { location.hash = `code=${code}`; }", new_code(again))
    orders.live = again
    orders.saved()
    assert orders.stored(1, "note") == "Typed while it was away"
