"""Show progress: a bar on a terminal, a widget in a notebook, plain lines on standard error elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn, track
from rich.progress import Progress as Bar

from .training import Progress

_LINES = 10  # lines of a whole run without a terminal


def show_progress(progress: Iterable[Progress], verbose: int) -> Iterator[Progress]:
    """Show the progress of a training on standard error unless `verbose` is 0, and pass it on.

    Parameters
    ----------
    progress : iterable of Progress
        Progress from `train_gan`.
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


def _show_widget(progress: Iterable[Progress], widget: Any) -> Iterator[Progress]:
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


def _show_bar(progress: Iterable[Progress], console: Console) -> Iterator[Progress]:
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, TextColumn("{task.fields[text]}"), console=console) as bar:
        task = bar.add_task("training", total=None, text="")
        best = float("-inf")
        for now in progress:
            best = max(best, now.score or best)  # 0: too few samples to hold any out
            bar.update(task, total=now.max_steps, completed=now.step, text=now.note or _format_score(best))
            yield now


def _print_lines(progress: Iterable[Progress], console: Console, verbose: int) -> Iterator[Progress]:
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


def track_items(items: Iterable[Item], total: int, what: str, verbose: int) -> Iterator[Item]:
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
        0 shows nothing; 1 a bar, or about ten lines without terminal and notebook.
    """
    console = Console(stderr=True)
    if verbose and console.is_terminal:
        yield from track(items, what, total, console=console)
        return
    if verbose and (widget := _find_widget(console)):
        yield from widget(items, desc=what, total=total)
        return
    for done, item in enumerate(items, 1):
        if verbose and done * _LINES // total > (done - 1) * _LINES // total:
            console.print(f"{what}: {done}/{total}", highlight=False, soft_wrap=True)
        yield item
