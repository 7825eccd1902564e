"""``ganaug sample``: a model in, synthetic rows out."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from .front import Refused, debug_option, speaker
from .options import Pair, as_mapping, force_option, quiet_option, seed_option
from .places import beside, check_table_output
from .tables import with_label

if TYPE_CHECKING:
    import pandas as pd

    from ganaug import GANAugmenter
EXAMPLE = """\b
Example:
  ganaug sample loans.safetensors -n 1000 --class default=500
writes loans_synthetic.csv."""

_ONE_CHUNK = 10_000  # sampled in a moment, not worth a bar


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option(
    "-n", "--rows", type=click.IntRange(0), metavar="N", help="Number of rows; by default as many as in training."
)
@click.option(
    "--class",
    "counts",
    type=Pair("LABEL=N", click.IntRange(0)),
    multiple=True,
    callback=as_mapping,
    help="Exact number of rows of a class; may be repeated. With -n, the other classes share the rest.",
)
@click.option("-o", "--output", metavar="TABLE", help="CSV, TSV or Parquet, or - for standard output.")
@seed_option
@quiet_option
@force_option
@debug_option
def sample(
    model: str,
    rows: int | None,
    counts: dict[str, int],
    output: str | None,
    seed: int | None,
    quiet: bool,
    force: bool,
) -> None:
    """Write synthetic rows, drawn from a model."""
    output = output or beside(model, "_synthetic.csv")
    check_table_output(output, force, [model])
    from ganaug import GANAugmenter, write_table

    augmenter = GANAugmenter.load(model)
    wanted = wanted_rows(augmenter, rows, counts)
    total = wanted if isinstance(wanted, int) else sum(wanted.values())
    written = write_table(sampled_tables(augmenter, wanted, total, seed, quiet), output, overwrite=force)
    speaker(quiet)(f"{written} synthetic rows: {'standard output' if output == '-' else output}")


def sampled_tables(
    augmenter: GANAugmenter, wanted: int | Mapping[Any, int], total: int, seed: int | None, quiet: bool
) -> Iterator[pd.DataFrame]:
    """Yield tables of synthetic rows with their labels, with only one of them in memory, showing how many there are."""
    file = io.StringIO() if quiet or total <= _ONE_CHUNK else sys.stderr
    with click.progressbar(length=total, label="sampling", file=file) as bar:
        for X, y in augmenter.sample_chunks(wanted, random_state=seed):
            yield with_label(X, y)
            bar.update(len(X))


def wanted_rows(augmenter: GANAugmenter, rows: int | None, counts: Mapping[str, int]) -> int | dict[Any, int]:
    """Return what `GANAugmenter.sample` is to be asked for.

    Raises
    ------
    Refused
        A label is none of the classes, or the classes together exceed the rows.
    """
    if not counts:
        return int(augmenter.model_.facts["n_rows"]) if rows is None else rows
    labels = augmenter.classes_.tolist()
    wanted = {_label(labels, text): count for text, count in counts.items()}
    rest = 0 if rows is None else rows - sum(wanted.values())
    if rest < 0:
        raise Refused(f"--class asks for {sum(wanted.values())} rows, -n for {rows}; raise -n or leave it out")
    others = {
        label: float(share)
        for label, share in zip(labels, augmenter.class_prior_, strict=True)
        if label not in wanted and share
    }
    if rest and not others:
        raise Refused(f"--class names every class and leaves {rest} rows of -n {rows} over; leave -n out")
    return wanted | _shared(rest, others)


def _label(labels: list[Any], text: str) -> Any:
    """Return the class that is spelled `text`; 1, 1.0 and true may be spelled in several ways."""
    spelled = {str(label): label for label in labels}
    folded = {name.lower(): label for name, label in spelled.items()}
    for known, name in ((spelled, text), (folded, text.lower())):
        if name in known:
            return known[name]
    with contextlib.suppress(ValueError):
        for label in labels:
            if not isinstance(label, str | bool) and float(text) == label:
                return label
    shown = ", ".join(repr(str(label)) for label in labels[:20]) + (" ..." if len(labels) > 20 else "")
    raise Refused(f"--class names the label {text!r}, but the classes of the model are {shown}; name one")


def _shared(n: int, shares: Mapping[Any, float]) -> dict[Any, int]:
    """Return `n` rows dealt out in proportion to the shares, those with the largest remainder first."""
    total = sum(shares.values())
    exact = {label: n * share / total for label, share in shares.items()}
    dealt = {label: int(value) for label, value in exact.items()}
    by_remainder = sorted(exact, key=lambda label: dealt[label] - exact[label])
    for label in by_remainder[: n - sum(dealt.values())]:
        dealt[label] += 1
    return dealt
