"""Say what stays of a real item when a synthetic sample takes its place: fields beside sample and label."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from ..errors import DataError, DataWarning
from ..messages import join_names, suggest
from .fields import describe_field, find_key, get_plain_label, is_name_of_item, is_plain, list_others
from .items import convert_label
from .layouts import ItemLayout

_ENOUGH = 5
"""Items that repeat what others have, from which on this is taken for a rule."""


def check_companions(items: Sequence[Any], layout: ItemLayout) -> None:
    """Refuse fields that belong to the image which a synthetic one replaces, and name others that may.

    Names of the item (a path, an index) stay without a word, because they say whose place a sample takes. So does what
    follows from the label, because the label stays, too. Other numbers and texts stay with a warning. Masks, boxes,
    further images, and whatever else holds more than one value are refused.

    Parameters
    ----------
    items : sequence of items
        Some items of the data set, in order.
    layout : ItemLayout
        Where they have sample and label, and the fields that the user lets stay.

    Raises
    ------
    DataError
        A field belongs to the image, or `keep` names a field that there is not.

    Warns
    -----
    DataWarning
        A number or text may belong to the image.
    """
    left = _collect_others(items, layout)
    content = {name: values for name, values in left.items() if not all(map(_is_single, values.values()))}
    if content:
        first = next(iter(next(iter(content.values())).values()))
        raise DataError(
            f"Beside image and label an item has {join_names(content)} ({describe_field(first)}), which would stay "
            "that of the real image where a synthetic one takes its place. Drop it from the items, or let it stay by "
            f"keep={_write_keep(content)}."
        )
    labels = [layout.get_label(item) for item in items]
    told = [name for name, values in left.items() if not _is_harmless(name, values, labels)]
    if told:
        warnings.warn(
            f"Synthetic samples get {join_names(told)} of the real ones whose places they take, and nothing ties these "
            f"values to what they show. Say keep={_write_keep(told)} if they may stay, or drop them from the items.",
            DataWarning,
            stacklevel=2,
        )


def _collect_others(items: Sequence[Any], layout: ItemLayout) -> dict[Any, dict[int, Any]]:
    """Return the fields beside sample and label that are not kept, each by the number of its item.

    A field inside of another has the tuple of both keys for its name; it is kept by that or by the first key.
    """
    fields: dict[Any, dict[int, Any]] = {}
    unknown = set(layout.names.keep)
    known: dict[Any, None] = {}
    for i, item in enumerate(items):
        found = layout.adapt(item)
        kept = [_find_kept(item, name) for name in layout.names.keep]
        raw, own = found.get_raw_label(item), None if callable(found.label) else find_key(item, found.label)
        for path, value in list_others(item, found.find_sample(item)):
            name = path if len(path) > 1 else path[0]
            known |= {name: None, path[0]: None}
            is_label = value is raw if own is None else name == own
            if not is_label and not {name, path[0]} & {*kept}:
                fields.setdefault(name, {})[i] = value
        unknown -= {name for name, key in zip(layout.names.keep, kept, strict=True) if key in known}
    for name in unknown:
        guess = suggest(name, known)
        raise DataError(f"keep= names {name!r}, which no item has beside image and label; {guess or _list(known)}")
    return fields


def _find_kept(item: Any, name: Any) -> Any:
    """Return the key of a field that the user names, or the name itself where the item has no such field."""
    try:
        return find_key(item, name)
    except DataError:
        return name


def _is_single(value: Any) -> bool:
    """Return whether a field holds one value: a number or text, or a one-hot row."""
    return is_plain(value) or get_plain_label(value) is not None


def _is_harmless(name: Any, values: dict[int, Any], labels: Sequence[Any]) -> bool:
    """Return whether a field of single values names its item or follows from the label, by the items that were seen."""
    seen = [value for value in values.values() if value is not None]
    if all(is_name_of_item(name, value) for value in seen):
        return True
    plain = {i: _make_comparable(value) for i, value in values.items()}
    if len(plain) >= _ENOUGH and len(set(plain.values())) == 1:
        return True
    follows = _follow_from([labels[i] for i in plain], list(plain.values()))
    return follows or (len(plain) > 2 and _name_items(list(plain.values())))


def _follow_from(labels: Sequence[Any], values: Sequence[Any]) -> bool:
    """Return whether equal labels have equal values, and so often that it is no coincidence."""
    pairs = set(zip(labels, values, strict=True))
    n_repeats, n_labels = len(values) - len(pairs), len(set(labels))
    one_to_one = n_repeats > 0 and len(set(values)) == n_labels > 1
    return len(pairs) == n_labels and (one_to_one or n_repeats >= _ENOUGH)


def _make_comparable(value: Any) -> Any:
    try:
        plain = convert_label(value)
    except DataError:
        return str(value)
    return plain if isinstance(plain, bool | int | float | str) else str(value)


def _name_items(values: Sequence[Any]) -> bool:
    """Return whether values look like names of items: other words in all of them, or numbers that count up."""
    if all(type(value) is int for value in values):
        return all(a < b for a, b in pairwise(values))
    words = all(isinstance(value, str) and value and not re.search(r"\s", value) for value in values)
    return words and len(set(values)) == len(values)


def _write_keep(names: Iterable[Any]) -> str:
    return repr(tuple(names))


def _list(names: Iterable[Any]) -> str:
    return f"there are {join_names(list(names))}." if names else "there are no others."
