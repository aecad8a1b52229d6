"""Recipes over HTTP."""

from fastapi import APIRouter

from rolltop.collections.access import Reader, Writer
from rolltop.collections.recipes import service
from rolltop.collections.recipes.schemas import Recipe
from rolltop.web.units import Read, Write

router = APIRouter(prefix="/api/recipes", tags=["Imports"])


@router.get("")
def list_recipes(session: Read, _actor: Reader) -> list[Recipe]:
    """The fixes that are kept for files of known shapes, the last changed first."""
    return service.every(session)


@router.get("/{id}")
def read_recipe(id: str, session: Read, _actor: Reader) -> Recipe:
    """One recipe: the headers it is for, and its fixes."""
    return service.get(session, id)


@router.delete("/{id}", status_code=204)
def delete_recipe(id: str, session: Write, _actor: Writer) -> None:
    """Forget a recipe. Files of that shape are imported without fixes from then on; rows that landed stay."""
    service.delete(session, id)
