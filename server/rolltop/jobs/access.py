"""Who may see and stop jobs."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import require

Reader = Annotated[Actor, Depends(require(Scope.JOBS_READ))]
Writer = Annotated[Actor, Depends(require(Scope.JOBS_WRITE))]
