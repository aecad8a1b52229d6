"""Saved SQL under a name, with typed parameters; `/rest/v1/rpc/{name}` calls it."""

from rolltop.queries.service import Queries
from rolltop.queries.uses import QueryUses

__all__ = ["Queries", "QueryUses"]
