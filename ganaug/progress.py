"""Show progress: a bar on a terminal, a widget in a notebook, plain lines on standard error elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

_LINES = 10  # lines of a whole run without a terminal
_PATIENCE = 3.0  # seconds before progress is shown of what mostly takes less
_SILENCE = 30.0  # seconds after which a line says that work goes on
_LOOK = 1.0  # seconds between looks at the clock


class Progress(Protocol):
    """What is shown of a training; `ganaug.training` reports it."""

    @property
    def step(self) -> int:
        """Steps done."""

    @property
    def max_steps(self) -> int:
        """Steps to do."""

    @property
    def seconds(self) -> float:
        """Seconds since the start."""

    @property
    def discriminator_loss(self) -> float:
        """Mean since the last report."""

    @property
    def generator_loss(self) -> float:
        """Mean since the last report."""

    @property
    def score(self) -> float | None:
        """Held-out score; 0 where none could be held out."""

    @property
    def note(self) -> str:
        """What else is to be said."""


Report = TypeVar("Report", bound=Progress)


def show_progress(progress: Iterable[Report], verbose: int) -> Iterator[Report]:
    """Show the progress of a training on standard error unless `verbose` is 0, and pass it on.

    Parameters
    ----------
    progress : iterable of Progress
        Reports of a training.
    verbose : int
        0 shows nothing; 1 a bar, or about ten lines without terminal and notebook; 2 a line for every report.

    Yields
    ------
    Progress
        The items of `progress`.
    """
    console = Console(stderr=True)
    if not verbose:
        yield from progress
    elif console.is_terminal and verbose == 1:
        yield from _show_bar(progress, console)
    elif (widget := _find_widget(console)) and verbose == 1:
        yield from _show_widget(progress, widget)
    else:
        yield from _print_lines(progress, console, verbose)


def _find_widget(console: Console) -> Any:
    """Return the progress bar of tqdm for notebooks; None outside of them, or without the extra ``notebook``."""
    if not console.is_jupyter or not find_spec("tqdm") or not find_spec("ipywidgets"):
        return None
    from tqdm.auto import tqdm

    return tqdm


def _show_widget(progress: Iterable[Report], widget: Any) -> Iterator[Report]:
    with widget(desc="training", unit="step") as bar:
        best = float("-inf")
        for now in progress:
            best = max(best, now.score or best)  # 0: too few samples to hold any out
            bar.total = now.max_steps
            bar.update(now.step - bar.n)  # below zero after a roll-back
            bar.set_postfix_str(now.note or _format_score(best))
            yield now


def _format_score(best: float) -> str:
    return f"held-out score {best:.3f}" if best > float("-inf") else ""


def show_status(text: str, verbose: int) -> AbstractContextManager[object]:
    """Return a context that shows `text` unless `verbose` is 0."""
    console = Console(stderr=True, quiet=not verbose)
    if console.is_terminal:
        return console.status(text)
    console.print(text, highlight=False, soft_wrap=True)
    return nullcontext()  # a status would show in a notebook, even a quiet one


def print_message(text: str, verbose: int) -> None:
    """Print `text` on standard error unless `verbose` is 0."""
    Console(stderr=True, quiet=not verbose).print(text, highlight=False, soft_wrap=True, markup=False)


def _show_bar(progress: Iterable[Report], console: Console) -> Iterator[Report]:
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, TextColumn("{task.fields[text]}"), console=console) as bar:
        task = bar.add_task("training", total=None, text="")
        best = float("-inf")
        for now in progress:
            best = max(best, now.score or best)  # 0: too few samples to hold any out
            bar.update(task, total=now.max_steps, completed=now.step, text=now.note or _format_score(best))
            yield now


def _print_lines(progress: Iterable[Report], console: Console, verbose: int) -> Iterator[Report]:
    shown_tenths = 0
    for now in progress:
        tenths = now.step * _LINES // now.max_steps
        if verbose > 1 or tenths > shown_tenths or now.note:
            console.print(_format_line(now), highlight=False, soft_wrap=True, markup=False)
        shown_tenths = max(shown_tenths, tenths)
        yield now


def _format_line(now: Progress) -> str:
    losses = f"losses D {now.discriminator_loss:.3f} G {now.generator_loss:.3f}"
    score = f", held-out score {now.score:.3f}" if now.score else ""  # 0: too few samples to hold any out
    note = f", {now.note}" if now.note else ""
    return f"step {now.step}/{now.max_steps}, {now.seconds:.0f} s, {losses}{score}{note}"


Item = TypeVar("Item")


def track_items(items: Iterable[Item], total: int, what: str, verbose: int, patience: bool = False) -> Iterator[Item]:
    """Show the number of items done on standard error unless `verbose` is 0, and pass the items on.

    Parameters
    ----------
    items : iterable
        Items, each yielded when it is done.
    total : int
        Number of items.
    what : str
        Name of the activity.
    verbose : int
        0 shows nothing; 1 a bar, or lines without terminal and notebook: one at the start, about ten in all, and one
        whenever nothing was said for half a minute.
    patience : bool
        Whether to show nothing in the first seconds, as for what mostly takes less.
    """
    if not verbose:
        yield from items
        return
    console = Console(stderr=True)
    if widget := _find_widget(console):
        yield from widget(items, desc=what, total=total)
        return
    shown = _Count(what, total, console, time.monotonic() + _PATIENCE * patience)
    try:
        shown.start()
        for item in items:
            shown.advance()
            yield item
    finally:
        shown.stop()


class _Count:
    """Shows how many items are done, from a thread of its own, as an item may take long.

    Parameters
    ----------
    what : str
        Name of the activity.
    total : int
        Number of items.
    console : Console
        Where to show it.
    begin : float
        Time of the monotonic clock before which nothing is shown.
    """

    def __init__(self, what: str, total: int, console: Console, begin: float):
        self._what, self._total, self._console, self._begin = what, total, console, begin
        self._started = time.monotonic()
        self._done = self._said_tenths = 0
        self._said = float("-inf")  # time of the last line
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._bar: Bar | None = None
        self._thread = threading.Thread(target=self._watch, name="ganaug progress", daemon=True)

    def start(self) -> None:
        """Show that work begins, if it is not to be waited for."""
        self._show()
        self._thread.start()

    def advance(self) -> None:
        """Count an item."""
        self._done += 1
        self._show()

    def stop(self) -> None:
        """Show no more."""
        self._stopped.set()
        self._thread.join()
        if self._bar is not None:
            self._bar.stop()

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK):
            self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if now < self._begin:
            return
        with self._lock:
            if self._console.is_terminal:
                self._show_bar()
            elif self._is_due(now):
                text = f"{self._what}: {self._done:,}/{self._total:,}, {now - self._started:.0f} s"
                self._console.print(text, highlight=False, soft_wrap=True)
                self._said, self._said_tenths = now, self._tenths()

    def _show_bar(self) -> None:
        if self._bar is None:
            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
            self._bar = Bar(*columns, TextColumn("{task.fields[left]}"), console=self._console)
            self._bar.add_task(self._what, total=self._total, left="")
            self._bar.start()
        left = _format_left(self._done, self._total, time.monotonic() - self._started)
        self._bar.update(self._bar.task_ids[0], completed=self._done, left=left)

    def _is_due(self, now: float) -> bool:
        return self._tenths() > self._said_tenths or now - self._said >= _SILENCE

    def _tenths(self) -> int:
        return self._done * _LINES // max(1, self._total)


def _format_left(done: int, total: int, seconds: float) -> str:
    """Return how long the rest will take if it goes on as so far; rich looks back half a minute, which is too short."""
    if not 0 < done < total:
        return ""
    left = seconds * (total - done) / done
    return f"about {left / 60:.0f} min left" if left >= 90 else f"about {left:.0f} s left"
