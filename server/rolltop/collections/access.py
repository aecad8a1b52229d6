"""Who may see and change collections."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import require

Reader = Annotated[Actor, Depends(require(Scope.COLLECTIONS_READ))]
Viewer = Annotated[Actor, Depends(require(Scope.COLLECTIONS_READ, of_limited=True))]
Writer = Annotated[Actor, Depends(require(Scope.COLLECTIONS_WRITE))]
