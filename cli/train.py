"""``ganaug train``: train a model on a table or a folder of images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .folders import ImageFolder, describe_images, read_images
from .front import CommandLineError, debug_option, make_printer, say_how_to_resume
from .image_options import check_options_suit
from .launched import is_first, is_launched, process_group
from .options import DEFAULT_SEED, get_reading_options, training_options
from .parquet_sets import ParquetFiles, is_parquet_set, name_files
from .places import PLACE, check_folder_output, check_local_output, is_folder, is_url, make_default_output
from .tables import LabelledTable, read_labelled_table

if TYPE_CHECKING:
    from ganaug import GANAugmenter

MODEL = ".safetensors"
EXAMPLE = """\b
Example:
  ganaug train loans.csv --target status --exclude comment
  ganaug train digits/ --preview digits_preview/
  torchrun --nproc-per-node 2 -m ganaug_cli train digits/
writes loans.safetensors, and digits.safetensors beside the folder."""


@click.command(epilog=EXAMPLE)
@click.argument("data", type=PLACE)
@click.option("-o", "--output", type=PLACE, metavar="MODEL", help="Path of the model; by default beside the data.")
@training_options
@debug_option
@click.pass_context
def train(context: click.Context, /, data: str, output: str | None, **options: Any) -> None:
    """Train a model on a labelled table or on images.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input; or a folder that has one folder of image files
    for each class. A folder of Parquet files, or a pattern of them in quotes, may be larger than memory; it needs
    --target. Under torchrun all processes train one model.
    """
    check_options_suit(context, data)
    if data == "-" and is_launched():
        raise CommandLineError("Several processes cannot share standard input; give torchrun a file")
    if output is None and data == "-":
        raise CommandLineError("Name the model with -o when the table comes from standard input")
    if output is None and is_parquet_set(data) and not is_folder(data):
        raise CommandLineError("Name the model with -o when the data are a pattern of files")
    output = output or make_default_output(data, MODEL)
    check_local_output(output, options["force"], [data])
    check_preview(data, options)
    say = make_printer(options["quiet"] or not is_first())
    if not is_first():
        warnings.simplefilter("ignore")  # the first process says them, too
    several = is_parquet_set(data)
    labelled = name_files(data, options) if several else read_for_training(data, options, say)
    augmenter = make_augmenter(options, f"{output}.checkpoint", options["quiet"])
    with process_group() as distributed:
        augmenter.set_params(distributed=distributed)
        fit(augmenter, labelled, say)
    if is_first():
        augmenter.save(output)
        say_model(augmenter, output, say)


def check_preview(data: str, options: Mapping[str, Any]) -> None:
    """Check that previews can be written; a resumed training adds to the previews of the interrupted one."""
    if options["preview"] is not None:
        check_folder_output(options["preview"], options["force"] or options["resume"], [data], "--preview")


def read_for_training(
    data: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
    unused: Iterable[str] = (),
    keep_text: bool = False,
) -> LabelledTable | ImageFolder:
    """Read a folder of images or a table, and say how many images there are, or which column is the label."""
    if is_folder(data):
        images = read_images(data, options)
        say(describe_images(images))
        return images
    columns = (get_reading_options(options), options["target"], options["exclude"], options["kinds"])
    labelled = read_labelled_table(data, *columns, unused, keep_text)
    if labelled.why:
        say(f"label: column {labelled.y.name!r} ({labelled.why}); --target names another one")
    return labelled


def make_augmenter(
    options: Mapping[str, Any], checkpoint: str | None, quiet: bool, sampling_strategy: Any = "auto"
) -> GANAugmenter:
    """Make the augmenter that the options describe."""
    from ganaug import GANAugmenter

    return GANAugmenter(
        column_kinds=options["kinds"] or None,
        relations=options["relations"],
        architecture=options["architecture"],
        augmentation=options["augmentation"],
        loss=options["loss"],
        effort=options["effort"],
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


def check_learnable(labelled: LabelledTable | ImageFolder, options: Mapping[str, Any]) -> None:
    """Train for one step on all data, so that errors and warnings come at once and name rows of the whole table.

    An augmenter that is fitted to one fold counts the rows of that fold.
    """
    from ganaug import CollapseWarning

    briefly = {**options, "max_steps": 1, "filters": None, "resume": False, "preview": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        make_augmenter(briefly, None, quiet=True).fit(labelled.X, labelled.y)


def fit(
    augmenter: GANAugmenter, labelled: LabelledTable | ImageFolder | ParquetFiles, say: Callable[[str], None]
) -> None:
    """Train, and say first whether there is a checkpoint to resume."""
    checkpoint = augmenter.checkpoint_path
    left = checkpoint is not None and Path(checkpoint).exists()
    if left and not augmenter.resume:
        say(f"{checkpoint!r} is left of an interrupted training, which --resume would continue; this one starts afresh")
    elif augmenter.resume and not left:
        say(f"there is no checkpoint {checkpoint!r} to resume; training starts afresh")
    with say_how_to_resume(checkpoint):
        augmenter.fit(labelled.X, labelled.y)


def train_beside(
    labelled: LabelledTable | ImageFolder, output: str, options: Mapping[str, Any], say: Callable[[str], None]
) -> GANAugmenter:
    """Train, with a checkpoint beside the model that is saved, or beside the output."""
    place = options["save_model"] or (None if output == "-" or is_url(output) else output)
    if place is None and options["resume"]:
        raise CommandLineError("--resume needs a local file beside which the checkpoint lies; name one by -o")
    checkpoint = None if place is None else f"{place}.checkpoint"
    augmenter = make_augmenter(options, checkpoint, options["quiet"], options["strategy"])
    fit(augmenter, labelled, say)
    return augmenter


def save_model(augmenter: GANAugmenter | None, options: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Save the model if ``--save-model`` is given."""
    place = options["save_model"]
    if place is None:
        return
    if augmenter is None:
        say("no model is saved, as nothing synthetic is added")
    else:
        augmenter.set_params(sampling_strategy=options["strategy"])  # numbers of rows would fit one table only
        augmenter.save(place)
        say_model(augmenter, place, say)


def say_model(augmenter: GANAugmenter, path: str, say: Callable[[str], None]) -> None:
    """Say which columns were left out, the best held-out score, and where the model is."""
    facts = augmenter.describe()
    for reason, text in (("identifier", "not learned, as they name rows"), ("excluded", "excluded")):
        if names := [str(column["name"]) for column in facts.get("left_out", []) if column["reason"] == reason]:
            say(f"{text}: {', '.join(names)}")
    if scores := [score for _, score in facts["held_out_scores"]]:
        say(f"held-out score: {max(scores):.3f}")
    say(f"model: {path} ({Path(path).stat().st_size / 1e6:.1f} MB)")
