"""Every address is closed unless it stands in the one list (threat model B2)."""

from starlette.testclient import TestClient

from rolltop.web.guard import PUBLIC

METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def test_every_documented_operation_refuses_nobody(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    del client.headers["Authorization"]
    operations = [(method.upper(), path.format_map(_Any())) for path in paths for method in METHODS & set(paths[path])]
    assert len(operations) > 10
    open_ones = {
        path
        for method, path in operations
        if client.request(method, path, headers={"Content-Type": "application/json"}).status_code != 401
    }
    assert open_ones <= PUBLIC


class _Any(dict[str, str]):
    """Fills any path parameter."""

    def __missing__(self, _name: str) -> str:
        return "x"
