"""One run of the server: what is new at each start."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rolltop.kit.ids import new_id, now

Mode = Literal["desktop", "serve"]


@dataclass(frozen=True, slots=True)
class Run:
    """The identity of this process as a server."""

    version: str
    mode: Mode = "serve"
    instance: str = field(default_factory=new_id)
    started: datetime = field(default_factory=now)
