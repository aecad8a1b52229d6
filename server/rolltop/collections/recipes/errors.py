"""What can go wrong with recipes."""

from rolltop.errors import NotFound


class NoSuchRecipe(NotFound):
    """The id is unknown."""

    code = "recipes.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no recipe {id!r}.", hint="GET /api/recipes lists them.")
