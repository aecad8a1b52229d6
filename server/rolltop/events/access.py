"""Who may listen to events."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import require

Listener = Annotated[Actor, Depends(require(Scope.ROWS_READ))]
