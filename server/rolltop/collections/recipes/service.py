"""Recipes: one for each shape of file."""

import json
from collections.abc import Sequence

from sqlmodel import Session

from rolltop.collections.recipes import store
from rolltop.collections.recipes.errors import NoSuchRecipe
from rolltop.collections.recipes.schemas import Fix, Recipe
from rolltop.collections.recipes.tables import RecipeRow
from rolltop.kit.ids import new_id, now


def every(session: Session) -> list[Recipe]:
    """All of them, the last changed first."""
    return [_recipe(row) for row in store.every(session)]


def get(session: Session, id: str) -> Recipe:
    """One recipe.

    Raises:
        NoSuchRecipe: nobody knows that id.
    """
    return _recipe(_row(session, id))


def delete(session: Session, id: str) -> None:
    """Forget it; what it did to rows that were imported stays.

    Raises:
        NoSuchRecipe: nobody knows that id.
    """
    store.forget(session, _row(session, id))


def of_headers(session: Session, headers: Sequence[str]) -> Recipe | None:
    """The recipe for files with these headers."""
    row = store.of_shape(session, _shape(headers))
    return None if row is None else _recipe(row)


def note_use(session: Session, id: str, name: str) -> None:
    """A file called `name` is being imported with it; one that was deleted meanwhile is passed over."""
    row = store.by_id(session, id)
    if row is not None:
        row.used, row.name = now(), name


def set_fixes(
    session: Session, headers: Sequence[str], name: str, fixes: Sequence[Fix], types: dict[str, str]
) -> Recipe | None:
    """The recipe with exactly these fixes and types; without fixes there is none."""
    shape = _shape(headers)
    row = store.of_shape(session, shape)
    if not fixes:
        if row is not None:
            store.forget(session, row)
        return None
    if row is None:
        row = RecipeRow(id=new_id(), shape=shape, name=name, fixes=[], types={}, changed=now(), used=None)
    row.fixes, row.types, row.changed = [fix.model_dump() for fix in fixes], types, now()
    store.save(session, row)
    return _recipe(row)


def _shape(headers: Sequence[str]) -> str:
    return json.dumps(list(headers), ensure_ascii=False)


def _row(session: Session, id: str) -> RecipeRow:
    row = store.by_id(session, id)
    if row is None:
        raise NoSuchRecipe(id)
    return row


def _recipe(row: RecipeRow) -> Recipe:
    return Recipe.model_validate({**row.model_dump(exclude={"shape"}), "headers": json.loads(row.shape)})
