"""Turn errors and warnings into one sentence each, and errors into exit codes."""

from __future__ import annotations

import contextlib
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

DATA_ERROR, USAGE_ERROR, INTERRUPTED = 1, 2, 130

_LONGEST = 1000  # characters of a sentence


class CommandLineError(click.UsageError):
    """Options, arguments or places that cannot be used; the message names the cure."""


class CommandGroup(click.Group):
    """A group of commands whose errors are one sentence on standard error.

    The exit code is 1 for data or a file that cannot be used, 2 for a wrong command line, 130 after Ctrl-C.
    """

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command line, and leave with its exit code."""
        state = kwargs.setdefault("obj", {"debug": False})
        try:
            with print_warnings():
                code = super().main(*args, **{**kwargs, "standalone_mode": False})
            sys.exit(code or 0)
        except Exception as error:
            code, sentence = _explain_error(error)
            if state["debug"]:
                traceback.print_exception(error)
            else:
                click.echo(f"ganaug: {_shorten(sentence)}", err=True)
            sys.exit(code)


def debug_option(function: Function) -> Function:
    """Add ``--debug``, which may stand before or after the name of a command."""

    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.find_root().obj["debug"] = True

    add = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="Show the traceback of an error.",
    )
    return add(function)


def make_printer(quiet: bool) -> Callable[[str], None]:
    """Return a function that prints a text on standard error, or does nothing if `quiet`."""

    def say(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    return say


@contextlib.contextmanager
def print_warnings() -> Iterator[None]:
    """Print each warning of ganaug once on standard error, and hide the warnings of other libraries."""
    said = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = _shorten(str(message))
        if category.__module__.split(".")[0] == "ganaug" and text not in said:
            said.add(text)
            click.echo(f"warning: {text}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def say_how_to_resume(checkpoint: str | None) -> Iterator[None]:
    """Say how to resume when training is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        if checkpoint and Path(checkpoint).exists():
            text = f"interrupted; the same command with --resume continues from {checkpoint!r}."
        else:
            text = "interrupted before a first checkpoint was written; the same command starts afresh."
        click.echo(f"\nganaug: {text}", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _shorten(text: str) -> str:
    """Return a text as one line for a terminal, without control characters; of a long line the middle is left out."""
    return " ".join(_shorten_line(line) for line in text.split("\n") if line.strip())


def _shorten_line(line: str) -> str:
    line = "".join(c if c.isprintable() else "?" for c in " ".join(line.split()))
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"  # the cure is last


def _explain_error(error: Exception) -> tuple[int, str]:
    if isinstance(error, CommandLineError):
        return USAGE_ERROR, error.message if error.message.endswith("?") else f"{error.message}."
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "ganaug"
        return USAGE_ERROR, f"{error.format_message().rstrip('.')}; see '{where} --help'."
    if isinstance(error, click.ClickException):
        return error.exit_code, error.format_message()
    if isinstance(error, click.Abort):
        return INTERRUPTED, "interrupted."
    ganaug = sys.modules.get("ganaug")  # not imported, so the error is not one of ganaug
    if ganaug is not None and isinstance(error, ganaug.ParameterError):
        return USAGE_ERROR, str(error)
    if ganaug is not None and isinstance(error, ganaug.GanaugError):
        return DATA_ERROR, str(error)
    if (
        isinstance(error, OSError) and error.filename is not None
    ):  # a system may even refuse to say whether a file exists
        from ganaug.messages import reason_of

        place = str(error.filename)
        return DATA_ERROR, f"{place!r} cannot be used ({reason_of(error)}); check the name, and that it is open to you."
    if _is_out_of_memory(error):
        detail = f" ({error})" if str(error) else ""
        cure = "take a smaller table or smaller networks, or a machine with more"
        return DATA_ERROR, f"there is not enough memory{detail}: {cure}."
    return DATA_ERROR, (
        f"unexpected {type(error).__name__}: {error}; this should not happen, please report it (--debug shows the "
        "traceback)."
    )


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out; torch has no exception for this on a CPU."""
    spoken = "can't allocate memory", "not enough memory"
    return (
        isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or any(t in str(error) for t in spoken)
    )
