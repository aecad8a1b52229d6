"""Who may use the window around the page."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import require

AtTheWindow = Annotated[Actor, Depends(require(Scope.ADMIN))]
"""Native dialogs open files of the machine: for the owner only."""
