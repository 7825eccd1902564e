"""``ganaug sample``: write synthetic rows or images of a model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .conditions import parse_where, where_option
from .folders import is_of_images
from .front import CommandLineError, debug_option, make_printer
from .image_options import refuse_options
from .options import (
    Count,
    Pair,
    collect_pairs,
    force_option,
    get_writing_options,
    jobs_option,
    quiet_option,
    seed_option,
    writing_options,
)
from .places import PLACE, check_folder_output, check_table_output, is_folder, make_default_output

_ONE_FILE = ("conditions", "spreadsheet_safe", "out_separator", "out_encoding")
_FOLDER = ("jobs", "shard_rows")

if TYPE_CHECKING:
    from ganaug import GANAugmenter

EXAMPLE = """\b
Example:
  ganaug sample loans.safetensors -n 1000 --class default=500
  ganaug sample loans.safetensors -n 200 --where sex=female --where age=30..40
  ganaug sample digits.safetensors -n 1000 -o new_digits/
  ganaug sample loans.safetensors -n 1e9 -o rows/
writes loans_synthetic.csv; PNG files in new_digits/, a folder for each class; and Parquet files in rows/. The last two
use as many processes as there are cores; stopped in the middle, they go on where they were."""


@click.command(epilog=EXAMPLE)
@click.argument("model", type=PLACE)
@click.option(
    "-n",
    "--rows",
    type=Count(),
    metavar="N",
    help="Number of rows or images, such as 500 or 1e9; by default as many as in training.",
)
@click.option(
    "--class",
    "counts",
    type=Pair("LABEL=N", Count()),
    multiple=True,
    callback=collect_pairs,
    help="Exact number of a class; may be repeated. With -n, the other classes share the rest.",
)
@where_option
@click.option(
    "--latent-scale",
    type=click.FloatRange(0, 10, min_open=True),
    metavar="S",
    help="Spread of the latent vectors; above 1 samples are more varied and more of them wrong. By default 1, or the "
    "value in training.",
)
@click.option(
    "-o",
    "--output",
    type=PLACE,
    metavar="PLACE",
    help="CSV, TSV or Parquet, or - for standard output; a folder for images, or for Parquet files. By default beside "
    "the model.",
)
@click.option(
    "--shard-rows",
    type=click.IntRange(1),
    metavar="N",
    help="Rows of each file in a folder of Parquet files, or images that one process makes at a time; by default "
    "1,000,000 rows, or 10,000 images.",
)
@jobs_option
@writing_options
@seed_option
@quiet_option
@force_option
@debug_option
@click.pass_context
def sample(context: click.Context, /, model: str, rows: int | None, counts: dict[str, int], **options: Any) -> None:
    """Sample synthetic rows or images from a model."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter.load(model)
    images = is_of_images(augmenter)
    output = options["output"] or make_default_output(model, "_synthetic" if images else "_synthetic.csv")
    to_folder = images or is_folder(output) or output.endswith("/")
    if to_folder:
        why = (
            "is for tables, and the model is one of images" if images else "is for a single file, and -o names a folder"
        )
        refuse_options(context, _ONE_FILE, why)
    else:
        refuse_options(context, _FOLDER, "is for a folder, and -o names none")
        check_table_output(output, options["force"], [model])
    if images:
        check_folder_output(output, force=True)  # whether it may hold files is for the library to say
    wanted = class_counts(augmenter, rows, counts)
    augmenter.set_params(verbose=int(not options["quiet"]))
    if options["latent_scale"] is not None:
        augmenter.set_params(latent_scale=options["latent_scale"])
    say = make_printer(options["quiet"])
    write = _write_folder if to_folder else _write_file
    write(augmenter, wanted, output, options, say)


def _write_file(
    augmenter: GANAugmenter,
    wanted: Mapping[str, Any],
    output: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
) -> None:
    """Write rows to one file, chunk by chunk."""
    from ganaug import join_label, write_table

    where = parse_where(augmenter, options["conditions"])
    chunks = augmenter.sample_chunks(**wanted, random_state=options["seed"], where=where)
    chunks = chain([next(chunks)], chunks)  # which refuses what cannot be sampled before a file is made
    tables = (join_label(X, y) for X, y in chunks)
    written = write_table(tables, output, **get_writing_options(options))
    say(f"{written} synthetic rows: {'standard output' if output == '-' else output}")
    if where and written:
        cost = augmenter.conditions_
        say(f"one candidate in {cost['tried'] / cost['met']:.3g} met --where")


def _write_folder(
    augmenter: GANAugmenter,
    wanted: Mapping[str, Any],
    output: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
) -> None:
    """Write rows as a folder of Parquet files, or images in a folder for each class."""
    images = is_of_images(augmenter)
    if images and (channels := augmenter.describe()["images"]["channels"]) not in (1, 3, 4):
        say(f"the images have {channels} channels, and a file holds the first of them, as grey")
    given = {"shard_rows": options["shard_rows"], "n_jobs": options["jobs"], "random_state": options["seed"]}
    written = augmenter.write_samples(output, **wanted, **given, overwrite=options["force"])
    files = 0 if images else len(list(Path(output).glob("*.parquet")))
    counted = f" ({files} Parquet file{'s' * (files > 1)})" if files else ""
    say(f"{written:,} synthetic {'images' if images else 'rows'}: {output}{counted}")


def class_counts(augmenter: GANAugmenter, rows: int | None, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the arguments `n` and `y` of `GANAugmenter.sample`.

    Raises
    ------
    CommandLineError
        A label is not one of the classes.
    """
    if not counts:
        return {"n": augmenter.n_samples_ if rows is None else rows}
    labels = augmenter.classes_.tolist()
    exact = {_find_label(labels, text): count for text, count in counts.items()}
    return {"n": exact} if rows is None else {"n": rows, "y": exact}


def _find_label(labels: list[Any], text: str) -> Any:
    """Return the class that a text spells, such as "1" for 1.0, or "true" for True."""
    spelled = {str(label): label for label in labels}
    folded = {name.lower(): label for name, label in spelled.items()}
    for known, name in ((spelled, text), (folded, text.lower())):
        if name in known:
            return known[name]
    with contextlib.suppress(ValueError):
        for label in labels:
            if not isinstance(label, str | bool) and float(text) == label:
                return label
    from ganaug.messages import join_names

    shown = join_names(list(map(str, labels)), 20)
    raise CommandLineError(f"--class names the label {text!r}, but the classes of the model are {shown}; name one")
