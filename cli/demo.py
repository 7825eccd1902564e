"""``ganaug demo``: train, inspect and augment on a table that ships with scikit-learn."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .front import CommandLineError, debug_option
from .options import MAX_SEED
from .places import PLACE, check_local_output, check_table_output

if TYPE_CHECKING:
    import pandas as pd

TARGET, MARK = "diagnosis", "origin"
EXAMPLE = """\b
Example:
  ganaug demo
writes demo/breast_cancer.csv, demo/model.safetensors and demo/augmented.csv."""

_SHOWN_COLUMNS = 4


@click.command(epilog=EXAMPLE)
@click.option(
    "-o", "--output", type=PLACE, metavar="FOLDER", default="demo", show_default=True, help="Where the files go."
)
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=0, show_default=True, help="Seed of all randomness.")
@click.option("--max-steps", type=click.IntRange(1), help="Training steps; by default they follow from the rows.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@debug_option
@click.pass_context
def demo(context: click.Context, output: str, seed: int, max_steps: int | None, force: bool) -> None:
    """Train, inspect and augment on a table of scikit-learn.

    Takes about half a minute on two CPU cores.
    """
    table, model, augmented = (
        str(Path(output) / n) for n in ("breast_cancer.csv", "model.safetensors", "augmented.csv")
    )
    _make_folder(output)
    check_table_output(table, force)
    check_local_output(model, force)
    check_table_output(augmented, force)
    from ganaug import read_table, write_table

    rows = _load_breast_cancer()
    write_table(rows, table, overwrite=force)
    _print_step(f"{table}: {rows.shape[0]} rows and {rows.shape[1]} columns, a table that ships with scikit-learn")
    forced = ["--force"] if force else []
    steps = [] if max_steps is None else ["--max-steps", str(max_steps)]
    _run_command(context, "train", [table, "--target", TARGET, "--seed", str(seed), *steps, "-o", model, *forced])
    _run_command(context, "inspect", [model])
    _run_command(context, "augment", [table, "--model", model, "--mark", MARK, "-o", augmented, *forced])
    _print_rows(read_table(augmented), augmented)
    _print_step(
        f"whether such rows help a classifier, this measures: ganaug report {shlex.quote(table)} --target {TARGET}"
    )


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(exist_ok=True)
    except FileExistsError:
        raise CommandLineError(f"{path!r} is a file; name a folder with -o") from None
    except OSError as error:
        from ganaug.messages import reason_of

        raise click.ClickException(
            f"The folder {path!r} cannot be made ({reason_of(error)}); choose another."
        ) from error


def _load_breast_cancer() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    rows: pd.DataFrame = data.data.copy()
    rows[TARGET] = data.target.map(dict(enumerate(data.target_names.tolist())))
    return rows


def _run_command(context: click.Context, name: str, arguments: Sequence[str]) -> None:
    """Print a command line and run it as the shell would."""
    group = context.find_root().command
    if not isinstance(group, click.Group):
        raise TypeError("the demo runs as a command of the group ganaug")
    _print_step(f"$ ganaug {name} {' '.join(arguments)}")
    command = group.commands[name]
    with command.make_context(name, list(arguments), parent=context.find_root()) as inner:
        command.invoke(inner)


def _print_step(text: str) -> None:
    click.echo(f"\n{text}", err=True)


def _print_rows(rows: pd.DataFrame, path: str) -> None:
    """Print the number of rows per class, and the first real and synthetic rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    _print_step(f"{path}: {len(rows)} rows")
    counts = Table("class", "real", "synthetic", "together", title="rows", title_justify="left", box=box.SIMPLE_HEAD)
    for label, part in rows.groupby(TARGET):
        real = int((part[MARK] == "real").sum())
        counts.add_row(str(label), str(real), str(len(part) - real), str(len(part)))
    columns = [*rows.columns[:_SHOWN_COLUMNS], TARGET, MARK]
    few = Table(*columns, title="a few of them", title_justify="left", box=box.SIMPLE_HEAD)
    malignant = rows[rows[TARGET] == "malignant"]
    for _, part in malignant.groupby(MARK):
        for row in part[columns].head(3).itertuples(index=False):
            few.add_row(*map(str, row))
    console = Console(highlight=False)
    console.print(counts)
    console.print(few)
