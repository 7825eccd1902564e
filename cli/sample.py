"""``ganaug sample``: a model in, synthetic rows or images out."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from .conditions import parse_where, where_option
from .folders import is_of_images, pixel_options
from .front import Refused, debug_option, speaker
from .options import Pair, as_mapping, force_option, quiet_option, seed_option, spreadsheet_option
from .places import PLACE, beside, check_folder_output, check_table_output, is_folder
from .tables import with_label

if TYPE_CHECKING:
    from ganaug import GANAugmenter

EXAMPLE = """\b
Example:
  ganaug sample loans.safetensors -n 1000 --class default=500
  ganaug sample loans.safetensors -n 200 --where sex=female --where age=30..40
  ganaug sample digits.safetensors -n 1000 -o new_digits/
writes loans_synthetic.csv, and PNG files in new_digits/, a folder for each class."""

_ONE_CHUNK = 10_000  # sampled in a moment, not worth a bar


@click.command(epilog=EXAMPLE)
@click.argument("model", type=PLACE)
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(0),
    metavar="N",
    help="Number of rows or images; by default as many as in training.",
)
@click.option(
    "--class",
    "counts",
    type=Pair("LABEL=N", click.IntRange(0)),
    multiple=True,
    callback=as_mapping,
    help="Exact number of a class; may be repeated. With -n, the other classes share the rest.",
)
@where_option
@click.option(
    "--latent-scale",
    type=click.FloatRange(0, 10, min_open=True),
    metavar="S",
    help="Above 1 samples are more varied, and more of them wrong; by default what the model was trained with, 1.",
)
@click.option(
    "-o",
    "--output",
    type=PLACE,
    metavar="PLACE",
    help="CSV, TSV or Parquet, or - for standard output; a folder for images. By default beside the model.",
)
@spreadsheet_option
@seed_option
@quiet_option
@force_option
@debug_option
def sample(model: str, rows: int | None, counts: dict[str, int], **options: Any) -> None:
    """Write synthetic rows or images, drawn from a model."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter.load(model)
    images = is_of_images(augmenter)
    output = options["output"] or beside(model, "_synthetic" if images else "_synthetic.csv")
    _check_place(output, images, model, options["force"], options["spreadsheet_safe"])
    wanted = wanted_rows(augmenter, rows, counts)
    if options["latent_scale"] is not None:
        augmenter.set_params(latent_scale=options["latent_scale"])
    say = speaker(options["quiet"])
    where = parse_where(augmenter, options["conditions"])
    chunks = sampled(augmenter, wanted, options["seed"], options["quiet"], where)
    written = _write(augmenter, chunks, images, output, options, say)
    what = "images" if images else "rows"
    say(f"{written} synthetic {what}: {'standard output' if output == '-' else output}")
    if where and written:
        cost = augmenter.conditions_
        say(f"one candidate in {cost['tried'] / cost['met']:.3g} met --where")


def _check_place(output: str, images: bool, model: str, force: bool, spreadsheet_safe: bool) -> None:
    if images:
        if spreadsheet_safe:
            raise Refused(f"--spreadsheet-safe is for tables, and {model!r} is a model of images; leave it out")
        check_folder_output(output, force)
    elif is_folder(output) or output.endswith("/"):
        raise Refused(f"{output!r} is a folder, and {model!r} is a model of a table; name a file, such as 'new.csv'")
    else:
        check_table_output(output, force, [model])


def _write(
    augmenter: GANAugmenter,
    chunks: Iterator[tuple[Any, Any]],
    images: bool,
    output: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
) -> int:
    """Write chunk by chunk, and return how much it was."""
    from ganaug import write_image_folder, write_table

    force = options["force"]
    if not images:
        tables = (with_label(X, y) for X, y in chunks)
        return write_table(tables, output, overwrite=force, spreadsheet_safe=options["spreadsheet_safe"])
    if (channels := augmenter.describe()["images"]["channels"]) not in (1, 3, 4):
        say(f"the images have {channels} channels, of which a PNG file holds the first, as grey")
    return write_image_folder(chunks, None, output, overwrite=force, **pixel_options(augmenter))


def sampled(
    augmenter: GANAugmenter,
    wanted: int | Mapping[Any, int],
    seed: int | None,
    quiet: bool,
    where: Mapping[Any, Any] | None = None,
) -> Iterator[tuple[Any, Any]]:
    """Yield chunks of samples and their labels, with only one of them in memory, showing how many there are."""
    total = wanted if isinstance(wanted, int) else sum(wanted.values())
    file = io.StringIO() if quiet or total <= _ONE_CHUNK else sys.stderr
    with click.progressbar(length=total, label="sampling", file=file) as bar:
        for X, y in augmenter.sample_chunks(wanted, random_state=seed, where=where):
            yield X, y
            bar.update(len(X))


def wanted_rows(augmenter: GANAugmenter, rows: int | None, counts: Mapping[str, int]) -> int | dict[Any, int]:
    """Return what `GANAugmenter.sample` is to be asked for.

    Raises
    ------
    Refused
        A label is none of the classes, or the classes together exceed the number.
    """
    if not counts:
        return int(augmenter.n_samples_) if rows is None else rows
    labels = augmenter.classes_.tolist()
    wanted = {_label(labels, text): count for text, count in counts.items()}
    rest = 0 if rows is None else rows - sum(wanted.values())
    if rest < 0:
        raise Refused(f"--class asks for {sum(wanted.values())} samples, -n for {rows}; raise -n or leave it out")
    others = {
        label: float(share)
        for label, share in zip(labels, augmenter.class_prior_, strict=True)
        if label not in wanted and share
    }
    if rest and not others:
        raise Refused(f"--class names every class and leaves {rest} of -n {rows} over; leave -n out")
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
