"""``ganaug train``: a table or a folder of images in, a model out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .folders import Images, found, read_images
from .front import Refused, debug_option, resumable, speaker
from .image_options import check_options_suit
from .options import DEFAULT_SEED, training_options
from .places import PLACE, beside, check_folder_output, check_local_output, is_folder
from .tables import Labelled, read_labelled

if TYPE_CHECKING:
    from ganaug import GANAugmenter

MODEL = ".safetensors"
EXAMPLE = """\b
Example:
  ganaug train loans.csv --target status --exclude comment
  ganaug train digits/ --preview digits_preview/
writes loans.safetensors, and digits.safetensors beside the folder."""


@click.command(epilog=EXAMPLE)
@click.argument("data", type=PLACE)
@click.option("-o", "--output", type=PLACE, metavar="MODEL", help="Where the model goes; by default beside the data.")
@training_options
@debug_option
@click.pass_context
def train(context: click.Context, /, data: str, output: str | None, quiet: bool, force: bool, **options: Any) -> None:
    """Train a model on a labelled table, or on images.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input; or a folder that has one folder of image files
    for each class.
    """
    check_options_suit(context, data)
    if output is None and data == "-":
        raise Refused("Name the model with -o when the table comes from standard input")
    output = output or beside(data, MODEL)
    check_local_output(output, force, [data])
    check_preview(data, {**options, "force": force})
    say = speaker(quiet)
    labelled = read_for_training(data, options, say)
    augmenter = new_augmenter(options, f"{output}.checkpoint", quiet)
    fit(augmenter, labelled, say)
    augmenter.save(output)
    say_saved(augmenter, output, say)


def check_preview(data: str, options: Mapping[str, Any]) -> None:
    """Refuse a folder that previews cannot go to; a training that is resumed adds to those that are there."""
    if options["preview"] is not None:
        check_folder_output(options["preview"], options["force"] or options["resume"], [data], "--preview")


def read_for_training(
    data: str, options: Mapping[str, Any], say: Callable[[str], None], unused: Iterable[str] = ()
) -> Labelled | Images:
    """Return the images in a folder, saying how many, or the table in a file.

    Of a table, it is said which column holds the labels where the user left that open.
    """
    if is_folder(data):
        images = read_images(data, options["size"])
        say(found(images))
        return images
    columns = (options["separator"], options["target"], options["exclude"], options["kinds"])
    labelled = read_labelled(data, *columns, unused)
    if labelled.why:
        say(f"label: column {labelled.y.name!r} ({labelled.why}); --target names another one")
    return labelled


def new_augmenter(
    options: Mapping[str, Any], checkpoint: str | None, quiet: bool, sampling_strategy: Any = "auto"
) -> GANAugmenter:
    """Return the augmenter that the options describe."""
    from ganaug import GANAugmenter

    return GANAugmenter(
        column_kinds=options["kinds"] or None,
        architecture=options["architecture"],
        augmentation=options["augmentation"],
        loss=options["loss"],
        max_steps=options["max_steps"] or "auto",
        max_seconds=options["max_seconds"],
        filters=options["filters"],
        sampling_strategy=sampling_strategy,
        skip_rare=options["skip_rare"],
        device=options["device"],
        checkpoint_path=checkpoint,
        resume=options.get("resume", False),
        preview_path=options.get("preview"),
        random_state=DEFAULT_SEED if options["seed"] is None else options["seed"],
        verbose=0 if quiet else 1 + options.get("verbose", False),
    )


def check_learnable(labelled: Labelled | Images, options: Mapping[str, Any]) -> None:
    """Train for one step on everything, so that errors and warnings come at once, and name the rows of the table.

    Where an augmenter is fitted to parts of a table, row 3 is another row, and an error may be one of many.
    """
    from ganaug import CollapseWarning

    briefly = {**options, "max_steps": 1, "filters": None, "resume": False, "preview": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        new_augmenter(briefly, None, quiet=True).fit(labelled.X, labelled.y)


def fit(augmenter: GANAugmenter, labelled: Labelled | Images, say: Callable[[str], None]) -> None:
    """Train, saying first what there is to resume."""
    checkpoint = augmenter.checkpoint_path
    left = checkpoint is not None and Path(checkpoint).exists()
    if left and not augmenter.resume:
        say(f"{checkpoint!r} is left of an interrupted training, which --resume would continue; this one starts afresh")
    elif augmenter.resume and not left:
        say(f"there is no checkpoint {checkpoint!r} to resume; training starts afresh")
    with resumable(checkpoint):
        augmenter.fit(labelled.X, labelled.y)


def say_saved(augmenter: GANAugmenter, path: str, say: Callable[[str], None]) -> None:
    """Say which columns were left out, the best held-out score, and where the model is."""
    facts = augmenter.describe()
    for reason, text in (("identifier", "not learned, as they name rows"), ("excluded", "excluded")):
        if names := [str(column["name"]) for column in facts.get("left_out", []) if column["reason"] == reason]:
            say(f"{text}: {', '.join(names)}")
    if scores := [score for _, score in facts["held_out_scores"]]:
        say(f"held-out score: {max(scores):.3f}")
    say(f"model: {path} ({Path(path).stat().st_size / 1e6:.1f} MB)")
