"""List the kinds of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .columns import Category, Constant, Identifier, Number
from .followers import Calculated, Determined, Later

Column = Category | Number | Constant | Identifier | Determined | Calculated | Later

COLUMNS: dict[str, Any] = {
    "category": Category,
    "boolean": Category,
    "ordered": Category,
    "numeric": Number,
    "datetime": Number,
    "constant": Constant,
    "identifier": Identifier,
    "determined": Determined,
    "calculated": Calculated,
    "later": Later,
}
"""Class of each kind in the JSON of a model file."""


def column_from_json(facts: Mapping[str, Any]) -> Column:
    """Return the column whose ``to_json`` gave `facts`."""
    column: Column = COLUMNS[facts["kind"]].from_json(dict(facts))
    return column
