"""What can go wrong with people and signing in."""

from rolltop.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthorized, Unprocessable


class NoSuchPerson(NotFound):
    """There is nobody of that id."""

    code = "people.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is nobody with the id {id!r}.", hint="GET /api/people lists everybody.")


class NoSuchSession(NotFound):
    """There is no session of that id, or it is somebody else's."""

    code = "people.unknown_session"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no session {id!r}.", hint="GET /api/sessions lists yours.")


class NameTaken(Conflict):
    """Somebody else has the name or the e-mail address."""

    code = "people.name_taken"

    def __init__(self, text: str) -> None:
        super().__init__(f"Somebody is called {text!r} already.", hint="Pick another name, or another e-mail address.")


class TooManyPeople(Conflict):
    """There are as many people as one workspace holds."""

    code = "people.too_many"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} people already.", hint="Delete those who do not come any more.")


class OwnerStays(Conflict):
    """The owner cannot be deleted, deactivated or given another role."""

    code = "people.owner_stays"

    def __init__(self) -> None:
        super().__init__("The owner of the workspace stays its owner.", hint="Make somebody else an administrator.")


class NotYourself(Conflict):
    """Somebody would shut himself out."""

    code = "people.not_yourself"

    def __init__(self) -> None:
        super().__init__("Nobody can delete or deactivate himself.", hint="Ask another administrator.")


class NoSuchRole(Unprocessable):
    """A person was to have a role that is not there."""

    code = "people.no_such_role"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no role {name!r}.", hint="GET /api/roles lists them all.")


class AboveYou(Forbidden):
    """Somebody would change a person who may do more than he."""

    code = "people.above_you"

    def __init__(self) -> None:
        super().__init__("Only somebody with all rights of a person can change that person.")


class WrongPassword(Unauthorized):
    """The name and the password do not go together: the same for an unknown name (threat model A6)."""

    code = "auth.wrong_password"

    def __init__(self) -> None:
        super().__init__("The name or the password is wrong.", hint="The owner can give you a new password.")


class PasswordNotYours(Forbidden):
    """The present password was not the one given."""

    code = "auth.password_not_yours"

    def __init__(self) -> None:
        super().__init__("The present password is another one.", hint="The owner can give you a new password.")


class InvitationUnknown(Unauthorized):
    """The code was used or is too old."""

    code = "auth.invitation_unknown"

    def __init__(self) -> None:
        super().__init__("This invitation was used already or is older than a week.", hint="Ask for a new one.")


class TooManyTries(TooManyRequests):
    """Too many wrong passwords within a minute (threat model A6)."""

    code = "auth.too_many_tries"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "There were too many wrong passwords.",
            hint=f"Try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )
