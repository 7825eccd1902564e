"""Find the image and the label in the items of a data set, as the user names them or as they can be told apart."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ..errors import DataError, DataWarning
from ..messages import join_names
from ..params import Rule
from .fields import (
    LABEL_KEYS,
    SAMPLE_KEYS,
    describe_field,
    find_key,
    find_path,
    get_field,
    get_plain_label,
    has_field,
    is_name_of_item,
    is_nested,
    is_plain,
    list_fields,
    replace_field,
)
from .items import convert_label, is_grid, is_sample

Field: TypeAlias = "Hashable | Callable[[Any], Any] | None"
"""A field of an item as a user names it: position, key, or function of the item."""

FIELD = Rule(
    "a position, a key or a function of an item, or None",
    lambda v: v is None or callable(v) or (isinstance(v, Hashable) and not isinstance(v, bool | float | tuple)),
)
"""What `image` and `label` may be."""
FIELDS = Rule("a list or tuple of positions and keys", lambda v: isinstance(v, list | tuple | set | frozenset))
"""What `keep` may be."""


_NAME_IMAGE = "give items (sample, label), or name the field with image={}."
_BESIDE = {"BoundingBoxes", "KeyPoints", "Mask"}
"""Types of torchvision that belong to an image, and are none."""

_ONE_AT_A_TIME = "let an item be one sample of these, or put SyntheticMix on the batches."


@dataclass(frozen=True)
class FieldNames:
    """What the user says about the fields of items.

    Attributes
    ----------
    image, label : position, key, function of an item, or None
        Fields that are named; None for what is to be found.
    keep : collection of positions and keys
        Fields that may stay as they are beside a synthetic image.
    class_labels : tuple of keys
        Fields that the data set itself declares to be classes, see `list_class_labels`.
    """

    image: Any = None
    label: Any = None
    keep: tuple[Any, ...] = ()
    class_labels: tuple[Any, ...] = ()


NOTHING_NAMED = FieldNames()


@dataclass(frozen=True)
class ItemLayout:
    """Where an item or a batch has its sample and its label.

    The methods take items of other layouts, too: the layout of such an item is inferred anew.

    Attributes
    ----------
    sample, label : key, position, or function of an item
        Keys of a dict, positions in a tuple or list, or names in a named tuple or dataclass.
    names : FieldNames
        What the user says about the fields.

    Examples
    --------
    >>> import torch
    >>> from ganaug.data.layouts import infer_layout
    >>> item = {"image": torch.zeros(1, 8, 8), "label": torch.tensor(3), "path": "a.png"}
    >>> layout = infer_layout(item)
    >>> layout
    ItemLayout(sample='image', label='label')
    >>> layout.get_label(item)
    3
    """

    sample: Any
    label: Any
    names: FieldNames = field(default=NOTHING_NAMED, repr=False)

    def get_sample(self, item: Any) -> Any:
        """Return the sample of an item."""
        return read_field("image", self.adapt(item).sample, item)

    def get_label(self, item: Any) -> Hashable:
        """Return the label of an item as a Python value; see `convert_label`."""
        return convert_label(self.get_raw_label(item))

    def get_raw_label(self, item: Any) -> Any:
        """Return the label of an item as it stands there."""
        return read_field("label", self.adapt(item).label, item)

    def replace_sample(self, item: Any, sample: Any) -> Any:
        """Return a copy of the item with another sample; its label and other fields stay."""
        return replace_field(item, self.find_sample(item), sample)

    def replace_label(self, item: Any, label: Any) -> Any:
        """Return a copy of the item with another label; its sample and other fields stay."""
        return replace_field(item, (self.adapt(item).label,), label)

    def find_sample(self, item: Any) -> tuple[Any, ...]:
        """Return the keys that lead to the sample of an item.

        Raises
        ------
        DataError
            The function that returns the sample makes it anew, so that it stands nowhere in the item.
        """
        layout = self.adapt(item)
        if not callable(layout.sample):
            return (find_key(item, layout.sample),)
        path = find_path(item, read_field("image", layout.sample, item))
        if path is None:
            raise DataError(
                "image= returned an object that is no field of the item, so that no synthetic one can take its place; "
                "name the field by its position or key."
            )
        return path

    def adapt(self, item: Any) -> ItemLayout:
        """Return this layout, or that of the item where its fields are others."""
        return self if self._fits(item) else infer_layout(item, self.names)

    def _fits(self, item: Any) -> bool:
        if self.names.image is None and not has_field(item, self.sample):
            return False
        if self.names.label is None and not has_field(item, self.label):
            return False
        return self.names.image is not None or isinstance(item, Mapping) or is_sample(get_field(item, self.sample))


@dataclass(frozen=True)
class Candidates:
    """The sample of an item, and the fields that could be its label.

    Attributes
    ----------
    sample : key, position or function
        The field of the sample.
    labels : tuple of keys, positions, or a function
        At least one.
    names : FieldNames
        What the user says about the fields.
    first : item
        The item that was looked at.
    """

    sample: Any
    labels: tuple[Any, ...]
    names: FieldNames
    first: Any

    @property
    def are_several(self) -> bool:
        """Whether several fields could be the label."""
        return len(self.labels) > 1

    def settle(self) -> ItemLayout:
        """Return the layout; raise DataError where several fields could be the label."""
        if self.are_several:
            self._refuse(self.labels)
        return ItemLayout(self.sample, self.labels[0], self.names)

    def get_sample(self, item: Any) -> Any:
        """Return the sample of an item."""
        return ItemLayout(self.sample, self.labels[0], self.names).get_sample(item)

    def read_labels(self, item: Any) -> dict[Any, Any]:
        """Return the fields of an item that could be its label, for `choose`."""
        if self.are_several:
            return {key: get_field(item, key) for key in self.labels}
        return {self.labels[0]: ItemLayout(self.sample, self.labels[0], self.names).get_raw_label(item)}

    def match_stored(self, rows: Sequence[Mapping[Any, Any]], stored: Sequence[Any]) -> Candidates:
        """Return only the field that says the same as the labels that a data set stores, if it is the only one.

        Parameters
        ----------
        rows : sequence of n results of `read_labels`
            Some items.
        stored : sequence of length n
            The stored labels of the same items; a transform of labels may have given the classes other numbers.
        """
        known = [get_plain_label(value) for value in stored]
        columns = {key: [get_plain_label(row[key]) for row in rows] for key in self.labels}
        for agrees in (_is_equal, _is_one_to_one):
            matching = [key for key, column in columns.items() if agrees(column, known)]
            if len(matching) == 1:
                return replace(self, labels=tuple(matching))
        return self

    def choose(self, rows: Sequence[Mapping[Any, Any]]) -> ItemLayout:
        """Return the layout with the only field that can be the label by its values, and say so if others seemed to.

        A field with another value in every item names the items, not their classes; one that never changes tells no
        classes apart.

        Parameters
        ----------
        rows : sequence of results of `read_labels`
            All items.

        Raises
        ------
        DataError
            Several fields have values that repeat and differ, or none has.
        """
        if not self.are_several:
            return self.settle()
        plain = {key: [get_plain_label(row[key]) for row in rows] for key in self.labels}
        broken = {key for key in self.labels if any(_is_quantity(row[key]) for row in rows)}
        likely = [key for key in self.labels if key not in broken and 1 < len(set(plain[key])) < len(rows)]
        if len(likely) != 1:
            self._refuse(likely or self.labels)
        others = [key for key in self.labels if key not in (likely[0], *broken) and not _counts(plain[key])]
        if others:
            warnings.warn(
                f"The label of an item is taken to be {likely[0]!r}, because {join_names(others)} is never or always "
                f"the same. Say so with label={likely[0]!r}, or name the right field.",
                DataWarning,
                stacklevel=2,
            )
        return replace(self, labels=(likely[0],)).settle()

    def refuse_names(self, labels: Sequence[Any]) -> None:
        """Raise DataError for labels that were guessed and are another text in every item, such as paths.

        Parameters
        ----------
        labels : sequence
            The labels of all items.
        """
        guessed = self.names.label is None and self.labels[0] not in (*LABEL_KEYS, *self.names.class_labels)
        if guessed and len(labels) > 2 and isinstance(labels[0], str) and len(set(labels)) == len(labels):
            raise DataError(
                f"The field {self.labels[0]!r} has another text in every item ({join_names(labels, most=2)}), so that "
                "it is no label; name the field of the label, or a function that makes it of the item, with label=."
            )

    def _refuse(self, labels: Sequence[Any]) -> None:
        shown = [f"{key!r} ({describe_field(get_field(self.first, key))} in the first)" for key in labels[:10]]
        raise DataError(
            f"The fields {', '.join(shown[:-1])} and {shown[-1]} could each be the label; say which is, by "
            f"{' or '.join(f'label={key!r}' for key in labels[:10])}."
        )


def infer_layout(item: Any, names: FieldNames = NOTHING_NAMED) -> ItemLayout:
    """Find the sample and the label in an item; see `find_candidates`.

    Raises
    ------
    DataError
        As there, or several fields could be the label.
    """
    return find_candidates(item, names).settle()


def find_candidates(item: Any, names: FieldNames = NOTHING_NAMED) -> Candidates:
    """Find the sample in an item, and the fields that could be its label.

    Parameters
    ----------
    item : tuple, list, mapping, named tuple or dataclass
        The sample has one of the keys `SAMPLE_KEYS`; without them it is the only image, or else the only other array
        or tensor. The label has one of the keys `LABEL_KEYS`, or is what the data set declares to be a class; without
        them it is any number, text or one-hot row that is no name of the item, such as a path. In a pair it is the
        other field.
    names : FieldNames
        What the user says about the fields.

    Raises
    ------
    DataError
        The item is of another type, has no label, or has no sample or several that could be.
    """
    image, label = names.image, names.label
    for key in (image, label):  # a name that is no field is refused here
        if key is not None and not callable(key):
            find_key(item, key)
    if image is None:
        fields = list_fields(item)
        named = (
            _name_labels(fields, names.class_labels) if label is None or callable(label) else [find_key(item, label)]
        )
        image = find_sample_key(fields, named)
    if label is not None:
        return Candidates(image, (label,), names, item)
    path = find_path(item, read_field("image", image, item)) if callable(image) else (find_key(item, image),)
    rest = {key: value for key, value in list_fields(item).items() if path is None or key != path[0]}
    return Candidates(image, _find_labels(rest, list_fields(item), names.class_labels), names, item)


def find_sample_key(fields: Mapping[Any, Any], labels: Sequence[Any] = ()) -> Any:
    """Return the key of the sample among the fields of an item; see `find_candidates`.

    Parameters
    ----------
    fields : mapping
        Fields by key.
    labels : sequence of keys
        Fields that are labels by their keys.
    """
    samples = [
        key
        for key, value in fields.items()
        if is_sample(value) and key not in labels and type(value).__name__ not in _BESIDE
    ]
    if not samples:
        inner = _find_inner_images(fields)
        raise DataError(
            f"The data set yields {_describe_item(fields)}, without an image, array or tensor beside a label; "
            + (_ONE_AT_A_TIME if len(inner) > 1 else _NAME_IMAGE.format("".join(inner.values())))
        )
    # Images go before rows of numbers, and keys that say so before others.
    grids = [key for key in samples if is_grid(fields[key])]
    named = [key for key in SAMPLE_KEYS if key in samples]
    pair = samples[:1] if len(fields) == 2 and 0 in fields else []
    rows = [key for key in samples if get_plain_label(fields[key]) is None]  # a label may be a one-hot row
    for candidates in ([key for key in named if key in grids], named, grids, pair, rows, samples):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            break
    raise DataError(
        f"The data set yields {_describe_item(fields)}, whose fields {join_names(candidates)} could each be the image; "
        f"say which is, by {' or '.join(f'image={key!r}' for key in candidates[:10])}."
    )


def _find_inner_images(fields: Mapping[Any, Any]) -> dict[Any, str]:
    """Return the fields that hold images inside, and for each a function for the first of them."""
    found = {}
    for key, value in fields.items():
        images = [inner for inner, part in list_fields(value).items() if is_grid(part)] if is_nested(value) else []
        if images:
            found[key] = f"lambda item: item[{key!r}][{images[0]!r}]"
    return found


def _find_labels(rest: Mapping[Any, Any], fields: Mapping[Any, Any], class_labels: Sequence[Any]) -> tuple[Any, ...]:
    """Return the keys of the fields beside the sample that could be the label."""
    for keys in (LABEL_KEYS, class_labels):
        if named := tuple(key for key in keys if key in rest):
            return named
    possible = tuple(key for key, value in rest.items() if get_plain_label(value) is not None)
    likely = tuple(key for key in possible if not is_name_of_item(key, rest[key]))
    if possible:
        return likely or possible
    for value in rest.values() if len(rest) == 1 else ():
        if not is_grid(value) and (0 in fields or not is_plain(value)):
            return tuple(rest)  # it is meant to be the label; what is wrong with it is said where it is read
    raise DataError(
        f"The data set yields {_describe_item(fields)}, without a label beside the image; call it 'label', or name the "
        "field with label=."
    )


def _name_labels(fields: Mapping[Any, Any], class_labels: Sequence[Any]) -> list[Any]:
    """Return the keys that say that their fields are labels."""
    return [key for key in (*LABEL_KEYS, *class_labels) if key in fields]


def _describe_item(fields: Mapping[Any, Any]) -> str:
    """Return the types of the fields of an item, with their keys where it has some."""
    if 0 in fields or not fields:
        return f"({', '.join(type(value).__name__ for value in fields.values())})"
    return f"items of {join_names(list(fields), form=lambda key: f'{key!r} ({type(fields[key]).__name__})')}"


def read_field(name: str, field: Any, item: Any) -> Any:
    """Return what a key or the user's function finds in an item."""
    if not callable(field):
        return get_field(item, field)
    try:
        return field(item)
    except Exception as error:  # a function of the user's
        raise DataError(
            f"{name}= failed on an item, a {type(item).__name__}, with {type(error).__name__}: {error}; let it take "
            "one item as the data set yields it."
        ) from error


def _is_quantity(value: Any) -> bool:
    """Return whether a value is no class, nor a missing one."""
    is_missing = value is None or (isinstance(value, float) and value != value)
    return get_plain_label(value) is None and not is_missing


def _counts(values: Sequence[Any]) -> bool:
    """Return whether values number the items."""
    first = values[0]
    return type(first) is int and list(values) == list(range(first, first + len(values)))


def _is_equal(column: Sequence[Any], stored: Sequence[Any]) -> bool:
    return list(column) == list(stored)


def _is_one_to_one(column: Sequence[Any], stored: Sequence[Any]) -> bool:
    return len(set(column)) == len(set(stored)) == len(set(zip(column, stored, strict=True)))
