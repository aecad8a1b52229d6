"""The JSON of exports."""

from typing import Literal

Formulas = Literal["escape", "keep"]
