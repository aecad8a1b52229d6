"""A server that runs without us, `rolltop serve`: the window only shows it and asks it over HTTP for what it needs."""

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO, Any

from rolltop import discovery
from rolltop.discovery import RuntimeFile

_SECONDS = 10.0


class RunningServer:
    """Known by its runtime file, which has been checked against its health answer."""

    def __init__(self, runtime: RuntimeFile) -> None:
        self._runtime = runtime
        # No proxy of the environment may see the token.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def find(cls, workspace: Path) -> "RunningServer | None":
        """The server of this workspace, when one runs and answers."""
        runtime = discovery.find(workspace)
        return cls(runtime) if runtime is not None else None

    @property
    def url(self) -> str:
        """Its base address."""
        return self._runtime.url

    @property
    def instance(self) -> str:
        """New at each of its starts."""
        return self._runtime.instance

    def code(self) -> str:
        """A one-time sign-in code.

        Raises:
            OSError: it does not answer, or not as it should.
        """
        made = self._post("/api/auth/codes", b"{}", "application/json")
        try:
            return str(made["code"])
        except (KeyError, TypeError) as error:
            raise OSError("The server gave no sign-in code.") from error

    def bring(self, path: Path) -> None:
        """Upload a file for import.

        Raises:
            OSError: it cannot be read, or the server does not take it.
        """
        with path.open("rb") as file:
            where = f"/api/imports?name={urllib.parse.quote(path.name, safe='')}"
            self._post(where, file, "application/octet-stream", {"Content-Length": str(path.stat().st_size)})

    def _post(self, path: str, body: "bytes | IO[bytes]", kind: str, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is the runtime file's, checked to be ours
            f"{self._runtime.url}{path}",
            data=body,
            method="POST",
            headers={"Authorization": f"Bearer {self._runtime.token}", "Content-Type": kind, **(headers or {})},
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise OSError(_reason(error)) from error
        except ValueError as error:
            raise OSError("The server's answer was not understood.") from error


def _reason(error: urllib.error.HTTPError) -> str:
    """The server's own words, where it has any."""
    try:
        fields = json.loads(error.read(100_000))
        return " ".join(str(fields[name]) for name in ("message", "hint") if fields.get(name))
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The server answered {error.code}."
