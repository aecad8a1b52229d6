"""Who may export: whoever may read the rows."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor, Scope
from rolltop.auth.access import require

Reader = Annotated[Actor, Depends(require(Scope.ROWS_READ, of_limited=True))]
