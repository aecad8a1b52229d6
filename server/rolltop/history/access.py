"""Who may see the history, and who may take changes back."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import Administrator as Administrator
from rolltop.auth.access import require

Reader = Annotated[Actor, Depends(require(Scope.HISTORY_READ))]
Writer = Annotated[Actor, Depends(require(Scope.HISTORY_WRITE))]
