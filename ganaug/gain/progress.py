"""How a report shows where it is: a bar on a terminal, plain lines elsewhere, on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")

_LINES = 10


def counted(items: Iterable[Item], total: int, what: str, verbose: int) -> Iterator[Item]:
    """Pass `items` on, showing how many there were unless `verbose` is 0.

    Parameters
    ----------
    items : iterable
        As they get done.
    total : int
        How many there will be.
    what : str
        What is going on.
    verbose : int
        0 shows nothing, 1 a bar, or about ten lines where there is no terminal.
    """
    console = Console(stderr=True)
    if verbose and console.is_terminal:
        yield from track(items, what, total, console=console)
        return
    for done, item in enumerate(items, 1):
        if verbose and done * _LINES // total > (done - 1) * _LINES // total:
            console.print(f"{what}: {done}/{total}", highlight=False, soft_wrap=True)
        yield item
