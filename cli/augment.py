"""``ganaug augment``: add synthetic rows to a table, or synthetic images to a folder, as far as they help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .folders import (
    ImageFolder,
    check_model_suits,
    describe_images,
    is_of_images,
    read_images,
    write_augmented,
)
from .front import CommandLineError, debug_option, make_printer
from .image_options import check_options_suit, list_given, refuse_options
from .options import (
    TRAINING_ONLY,
    classifier_option,
    get_reading_options,
    get_writing_options,
    jobs_option,
    strategy,
    training_options,
    writing_options,
)
from .places import (
    PLACE,
    check_folder_output,
    check_local_output,
    check_table_output,
    is_folder,
    make_default_output,
)
from .soft import augment_softly, check_soft, check_soft_columns
from .tables import LabelledTable, align_columns, read_labelled_table
from .train import check_preview, read_for_training, save_model, train_beside
from .tuning import TUNING_ONLY, resample_tuned, select_added

if TYPE_CHECKING:
    from ganaug import GANAugmenter

EXAMPLE = """\b
Example:
  ganaug augment loans.csv --target status --mark origin
  ganaug augment digits/ --balance
writes loans_augmented.csv, and the folder digits_augmented/."""

Say = Callable[[str], None]


@click.command(epilog=EXAMPLE)
@click.argument("data", type=PLACE)
@click.option(
    "-o",
    "--output",
    type=PLACE,
    metavar="PLACE",
    help="CSV, TSV or Parquet, or - for standard output; a folder for images. By default beside the data.",
)
@click.option(
    "--model",
    type=PLACE,
    metavar="MODEL",
    help="Use this model of the same kind of data. Nothing is trained and no share is chosen; classes are balanced.",
)
@click.option("--save-model", type=PLACE, metavar="MODEL", help="Save the trained model, if samples of it are added.")
@click.option(
    "--balance",
    is_flag=True,
    help="Bring all classes to the size of the largest, instead of choosing a share on held-out rows.",
)
@click.option(
    "--strategy",
    metavar="NAME|SHARE",
    callback=strategy,
    help="Balance in another way: minority fills up the smallest class only, not minority all classes but that one. "
    "With two classes, also the wanted size of the smaller as a share of the larger.",
)
@click.option(
    "--scoring",
    metavar="NAME",
    help="Metric of scikit-learn that chooses the share; by default ROC AUC, which no decision threshold changes.",
)
@click.option(
    "--soft",
    is_flag=True,
    help="Write soft labels, for training by sample weights: each row once for each class, with a column 'weight' and "
    "the probability of each class by a teacher that has not seen the row. For tables only.",
)
@click.option(
    "--soft-size",
    type=click.FloatRange(0),
    metavar="N",
    help="Synthetic rows with --soft, in multiples of the real ones; 0 trains no generator. By default 5.",
)
@classifier_option
@jobs_option
@click.option("--mark", metavar="COLUMN", help="Add a column that says 'real' or 'synthetic'.")
@writing_options
@training_options
@debug_option
@click.pass_context
def augment(context: click.Context, /, data: str, **options: Any) -> None:
    """Add the synthetic rows or images that help classifiers, possibly none.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input. The real rows come first, unchanged, and the
    synthetic rows follow. Their share is the one that scored best on held-out rows. Or DATA is a folder with one
    sub-folder of image files per class: the files are copied unchanged, and synthetic images are added as
    synthetic_000001.png (or .tif) and so on.
    """
    check_options_suit(context, data)
    output = _choose_output(data, options["output"])
    _check_options(context, options)
    _check_places(data, output, options)
    say = make_printer(options["quiet"])
    augmenter: GANAugmenter | None = None
    if options["model"] is None:
        labelled = read_for_training(data, options, say, keep_text=True)
    else:
        augmenter, labelled = _load_and_read(data, options, say)
    _check_data(labelled, options)
    if options["soft"] and isinstance(labelled, LabelledTable):
        augment_softly(labelled, augmenter, output, options, say)
        return
    if augmenter is None:
        augmenter, added = _train_and_resample(labelled, output, options, say)
    else:
        added = select_added(labelled, augmenter.resample(labelled.X, labelled.y))
    if augmenter is not None:
        _say_added(augmenter, say)
    _write_output(labelled, added, augmenter, output, options, say)


def _choose_output(data: str, output: str | None) -> str:
    if is_folder(data):
        return str(Path(output)) if output else make_default_output(data, "_augmented")
    return output or ("-" if data == "-" else make_default_output(data, "_augmented.csv"))


def _check_options(context: click.Context, options: dict[str, Any]) -> None:
    """Refuse options that exclude each other, and set ``--balance`` where ``--strategy`` implies it."""
    check_soft(context, options)
    options["balance"] = balance = options["balance"] or options["strategy"] is not None
    options["strategy"] = options["strategy"] or "auto"
    if options["model"] is not None:
        refuse_options(
            context, (*TRAINING_ONLY, *TUNING_ONLY, "save_model"), "is for training, and --model trains nothing"
        )
    elif balance:
        refuse_options(context, TUNING_ONLY, "is for choosing the synthetic share, and balancing chooses none")
    for option in () if balance or options["soft"] else list_given(context, ("resume", "preview")):
        what = "continues" if option == "--resume" else "shows"
        raise CommandLineError(
            f"{option} {what} a single training, and choosing the synthetic share takes two; leave it out, or add "
            "--balance"
        )


def _check_places(data: str, output: str, options: Mapping[str, Any]) -> None:
    model, save_model, force = options["model"], options["save_model"], options["force"]
    if is_folder(data):
        check_folder_output(output, force, [data])
    else:
        check_table_output(output, force, [data, *([model] if model else []), *([save_model] if save_model else [])])
    if save_model is not None:
        check_local_output(save_model, force, [data], option="--save-model")
    check_preview(data, options)


def _check_data(labelled: LabelledTable | ImageFolder, options: Mapping[str, Any]) -> None:
    """Check before training all that would otherwise fail after it."""
    mark, wanted = options["mark"], options["strategy"]
    if (
        isinstance(labelled, LabelledTable)
        and mark is not None
        and (not mark.strip() or mark in labelled.table.columns)
    ):
        raise CommandLineError(f"--mark {mark!r} must be a new name, and no column of the table; choose another")
    if options["soft"] and isinstance(labelled, LabelledTable):
        check_soft_columns(labelled, mark)
    if isinstance(wanted, float):
        _check_share(labelled, wanted)


def _check_share(labelled: LabelledTable | ImageFolder, share: float) -> None:
    import pandas as pd

    where = f"column {labelled.y.name!r}" if isinstance(labelled, LabelledTable) else repr(labelled.path)
    counts = pd.Series(labelled.y).value_counts()
    counts = counts[counts > 1]  # a class with a single row is either skipped or refused
    if len(counts) > 2:
        raise CommandLineError(
            f"--strategy {share:g} is a share for two classes, and {where} has {len(counts)}; take a name such as auto"
        )
    if len(counts) == 2 and (present := counts.iloc[1] / counts.iloc[0]) > share:
        raise CommandLineError(
            f"--strategy {share:g} would need fewer of {counts.index[1]!r}: the classes have {counts.iloc[1]} and "
            f"{counts.iloc[0]} members; take a share of at least {ceil(1000 * present) / 1000:g}"
        )


def _train_and_resample(
    labelled: LabelledTable | ImageFolder, output: str, options: Mapping[str, Any], say: Say
) -> tuple[GANAugmenter | None, tuple[Any, Any]]:
    """Return the augmenter trained on all data, None if nothing is to be added, and its samples and labels."""
    if options["balance"]:
        augmenter = train_beside(labelled, output, options, say)
        save_model(augmenter, options, say)
        return augmenter, select_added(labelled, augmenter.resample(labelled.X, labelled.y))
    chosen, added = resample_tuned(labelled, options, say)
    save_model(chosen, options, say)
    return chosen, added


def _load_and_read(data: str, options: Mapping[str, Any], say: Say) -> tuple[GANAugmenter, LabelledTable | ImageFolder]:
    """Load the model and read the data."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter.load(options["model"])
    check_model_suits(augmenter, options["model"], data, is_folder(data))
    labelled: LabelledTable | ImageFolder
    if is_folder(data):
        labelled = read_images(data, options)
        say(describe_images(labelled))
    else:
        labelled = _read_table_for(augmenter, data, options, say)
    augmenter.set_params(sampling_strategy=options["strategy"])
    if options["seed"] is not None:
        augmenter.set_params(random_state=options["seed"])
    return augmenter, labelled


def _read_table_for(augmenter: GANAugmenter, data: str, options: Mapping[str, Any], say: Say) -> LabelledTable:
    """Read a table, by default with the label and the excluded columns of the model."""
    target = augmenter.label_name_ if options["target"] is None else options["target"]
    unused = [column["name"] for column in augmenter.describe()["left_out"] if column["reason"] == "excluded"]
    columns = (get_reading_options(options), target, options["exclude"])
    labelled = read_labelled_table(data, *columns, unused=unused, keep_text=True)
    if labelled.why:
        say(f"label: column {labelled.y.name!r} ({labelled.why}); --target names another one")
    return labelled


def _write_output(
    labelled: LabelledTable | ImageFolder,
    added: Sequence[Any],
    augmenter: GANAugmenter | None,
    output: str,
    options: Mapping[str, Any],
    say: Say,
) -> None:
    from ganaug import join_label, write_table

    if isinstance(labelled, ImageFolder):
        write_augmented(labelled, added, augmenter, output)
        say(f"folder: {output} ({len(labelled.y):,} real images, {len(added[1]):,} synthetic)")
    else:
        parts = align_columns(labelled.table, join_label(*added), options["mark"])
        write_table(parts, output, **get_writing_options(options))
        say(f"table: {'standard output' if output == '-' else output}")


def _say_added(augmenter: GANAugmenter, say: Say) -> None:
    done: dict[str, Any] = augmenter.resampled_
    what = "images" if is_of_images(augmenter) else "rows"
    added = ", ".join(f"{label} +{count}" for label, count in done["added"].items() if count)
    say(f"synthetic {what} added: {added or 'none, as the classes are balanced already'}")
    if dropped := ", ".join(f"{count} {reason}" for reason, count in done["dropped"].items() if count):
        say(f"candidates dropped: {dropped}")
