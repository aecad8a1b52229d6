"""Who may see and change saved queries."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import require

Reader = Annotated[Actor, Depends(require(Scope.QUERIES_READ))]
Writer = Annotated[Actor, Depends(require(Scope.QUERIES_WRITE))]
