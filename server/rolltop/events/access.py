"""Who may listen to events: whoever may hear of anything. Which events he hears is looked at one by one."""

from typing import Annotated

from fastapi import Depends

from rolltop.auth import Actor
from rolltop.auth.access import Caller
from rolltop.errors import Forbidden
from rolltop.events.event import NEEDS


def _listener(actor: Caller) -> Actor:
    if not actor.scopes & set(NEEDS.values()):
        raise Forbidden("There is nothing that you may hear of.", hint="Ask the owner of the workspace for a right.")
    return actor


Listener = Annotated[Actor, Depends(_listener)]
