"""Save where an iteration stands, and go on from there: the protocol of torchdata's `StatefulDataLoader`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ..errors import DataError


def is_stateful(value: Any) -> bool:
    """Return whether an object can save its state and load it again."""
    return callable(getattr(value, "state_dict", None)) and callable(getattr(value, "load_state_dict", None))


class ResumablePass(Iterator[Any]):
    """One iteration over a source, which goes on where its state was saved.

    The states of the source and of its iterator are kept where they have some, as torchdata keeps them. Where neither
    has, an iteration that goes on skips what was drawn.

    Parameters
    ----------
    source : iterable
        A sampler, a batch sampler or an iterable data set.
    """

    def __init__(self, source: Iterable[Any]) -> None:
        self._source: Any = source
        self._items: Any = iter(source)
        self._drawn = 0

    def __next__(self) -> Any:
        item = next(self._items)
        self._drawn += 1
        return item

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""
        source, items = (part.state_dict() if is_stateful(part) else None for part in (self._source, self._items))
        return {"drawn": self._drawn, "source": source, "items": items}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state: that of the source comes first, then its iterator, then the state of that."""
        if is_stateful(self._source):
            self._source.load_state_dict(state["source"])
        self._items = iter(self._source)
        if is_stateful(self._items):
            self._items.load_state_dict(state["items"])
        elif not is_stateful(self._source):
            for _ in islice(self._items, state["drawn"]):
                pass
        self._drawn = state["drawn"]


def check_state(state: Any, keys: Iterable[str]) -> None:
    """Raise DataError if a state is not of a loader with synthetic samples, as `keys` show."""
    missing = [key for key in keys if not isinstance(state, dict) or key not in state]
    if missing:
        raise DataError(
            f"The state has no {missing[0]!r}, so it was saved by a loader without synthetic samples; load it into "
            "such a loader, or begin the epoch anew with loader.dataset.set_epoch(epoch)."
        )
