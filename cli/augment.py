"""``ganaug augment``: a table or a folder of images in, and out comes the same with as much synthetic as helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .folders import Images, check_model_suits, check_no_synthetic, found, is_of_images, read_images, write_augmented
from .front import Refused, debug_option, speaker
from .image_options import check_options_suit, given
from .options import (
    TRAINING_ONLY,
    classifier_option,
    jobs_option,
    spreadsheet_option,
    strategy,
    training_options,
)
from .places import PLACE, beside, check_folder_output, check_local_output, check_table_output, is_folder, is_url
from .tables import Labelled, below, read_labelled, with_label
from .train import check_preview, fit, new_augmenter, read_for_training, say_saved
from .tuning import TUNING_ONLY, added_to, tuned_rows

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
    help="A model of this kind of data; nothing is trained then, and so no share chosen: it balances the classes.",
)
@click.option(
    "--save-model", type=PLACE, metavar="MODEL", help="Keep the model that is trained, where samples of it are added."
)
@click.option(
    "--balance",
    is_flag=True,
    help="Bring all classes to the size of the largest, in place of the share that did best on held-out rows.",
)
@click.option(
    "--strategy",
    metavar="NAME|SHARE",
    callback=strategy,
    help="Balance, but otherwise: minority fills up the smallest class only, not minority all but that one; with two "
    "classes, also the wanted size of the smaller as a share of the larger.",
)
@click.option(
    "--scoring",
    metavar="NAME",
    help="Metric of scikit-learn by which the share is chosen; by default ROC AUC, which no decision threshold moves.",
)
@classifier_option
@jobs_option
@click.option("--mark", metavar="COLUMN", help="Add a column that says 'real' or 'synthetic'.")
@spreadsheet_option
@training_options
@debug_option
@click.pass_context
def augment(context: click.Context, /, data: str, **options: Any) -> None:
    """Add the synthetic rows or images that help classifiers, maybe none.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input. Its rows come first, every value unchanged,
    and the synthetic ones below them: the share of them with which classifiers did best on held-out rows. Or DATA is a
    folder that has one folder of image files for each class: the files are copied unchanged, and the synthetic ones
    put beside them as synthetic_000001.png and so on.
    """
    check_options_suit(context, data)
    output = _output(data, options["output"])
    _check_options(context, options)
    _check_places(data, output, options)
    say = speaker(options["quiet"])
    if options["model"] is None:
        labelled = read_for_training(data, options, say)
        _check(labelled, options)
        augmenter, added = _learned(labelled, output, options, say)
    else:
        augmenter, labelled = _loaded(data, options, say)
        _check(labelled, options)
        added = added_to(labelled, augmenter.resample(labelled.X, labelled.y))
    if augmenter is not None:
        _say_added(augmenter, say)
    _write(labelled, added, augmenter, output, options, say)


def _output(data: str, output: str | None) -> str:
    if is_folder(data):
        return str(Path(output)) if output else beside(data, "_augmented")
    return output or ("-" if data == "-" else beside(data, "_augmented.csv"))


def _check_options(context: click.Context, options: dict[str, Any]) -> None:
    """Refuse options that do not go together, and settle what ``--strategy`` implies."""
    options["balance"] = balance = options["balance"] or options["strategy"] is not None
    options["strategy"] = options["strategy"] or "auto"
    if options["model"] is not None:
        _refuse(context, (*TRAINING_ONLY, *TUNING_ONLY, "save_model"), "is for training, and --model trains nothing")
    elif balance:
        _refuse(context, TUNING_ONLY, "is for choosing the synthetic share, and balancing chooses none")
    for option in () if balance else given(context, ("resume", "preview")):
        what = "goes on with" if option == "--resume" else "shows"
        raise Refused(
            f"{option} {what} a single training, and choosing the synthetic share takes two; leave it out, or add "
            "--balance"
        )


def _refuse(context: click.Context, names: Iterable[str], why: str) -> None:
    for option in given(context, names):
        raise Refused(f"{option} {why}; leave one of them out")


def _check_places(data: str, output: str, options: Mapping[str, Any]) -> None:
    model, save_model, force = options["model"], options["save_model"], options["force"]
    if is_folder(data):
        check_folder_output(output, force, [data])
    else:
        check_table_output(output, force, [data, *([model] if model else []), *([save_model] if save_model else [])])
    if save_model is not None:
        check_local_output(save_model, force, [data], option="--save-model")
    check_preview(data, options)


def _check(labelled: Labelled | Images, options: Mapping[str, Any]) -> None:
    """Refuse, before training, what could only fail after it."""
    mark, wanted = options["mark"], options["strategy"]
    if isinstance(labelled, Images):
        check_no_synthetic(labelled.path)
    elif mark is not None and (not mark.strip() or mark in labelled.table.columns):
        raise Refused(f"--mark {mark!r} must be a new name, and no column of the table; choose another")
    if isinstance(wanted, float):
        _check_share(labelled, wanted)


def _check_share(labelled: Labelled | Images, share: float) -> None:
    import pandas as pd

    where = f"column {labelled.y.name!r}" if isinstance(labelled, Labelled) else repr(labelled.path)
    counts = pd.Series(labelled.y).value_counts()
    counts = counts[counts > 1]  # a class with a single row is either skipped or refused
    if len(counts) > 2:
        raise Refused(
            f"--strategy {share:g} is a share for two classes, and {where} has {len(counts)}; take a name such as auto"
        )
    if len(counts) == 2 and (present := counts.iloc[1] / counts.iloc[0]) > share:
        raise Refused(
            f"--strategy {share:g} would need fewer of {counts.index[1]!r}, which are {counts.iloc[1]} to "
            f"{counts.iloc[0]} already; take a share of at least {ceil(1000 * present) / 1000:g}"
        )


def _learned(
    labelled: Labelled | Images, output: str, options: Mapping[str, Any], say: Say
) -> tuple[GANAugmenter | None, tuple[Any, Any]]:
    """Return synthetic samples and labels, and the augmenter trained on all data that made them; None if none did."""
    if options["balance"]:
        augmenter = _trained(labelled, output, options, say)
        _keep(augmenter, options, say)
        return augmenter, added_to(labelled, augmenter.resample(labelled.X, labelled.y))
    chosen, added = tuned_rows(labelled, options, say)
    _keep(chosen, options, say)
    return chosen, added


def _trained(labelled: Labelled | Images, output: str, options: Mapping[str, Any], say: Say) -> GANAugmenter:
    place = options["save_model"] or (None if output == "-" or is_url(output) else output)
    if place is None and options["resume"]:
        raise Refused("--resume needs a local file beside which the checkpoint lies; name one by -o")
    checkpoint = None if place is None else f"{place}.checkpoint"
    augmenter = new_augmenter(options, checkpoint, options["quiet"], options["strategy"])
    fit(augmenter, labelled, say)
    return augmenter


def _keep(augmenter: GANAugmenter | None, options: Mapping[str, Any], say: Say) -> None:
    """Save the model where that was asked for."""
    place = options["save_model"]
    if place is None:
        return
    if augmenter is None:
        say("no model is saved, as nothing synthetic is added")
    else:
        augmenter.set_params(sampling_strategy=options["strategy"])  # rather than numbers of rows, which are of a table
        augmenter.save(place)
        say_saved(augmenter, place, say)


def _loaded(data: str, options: Mapping[str, Any], say: Say) -> tuple[GANAugmenter, Labelled | Images]:
    """Return the model and the data."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter.load(options["model"])
    check_model_suits(augmenter, options["model"], data, is_folder(data))
    labelled: Labelled | Images
    if is_folder(data):
        labelled = read_images(data, options["size"])
        say(found(labelled))
    else:
        labelled = _table_of(augmenter, data, options, say)
    augmenter.set_params(sampling_strategy=options["strategy"])
    if options["seed"] is not None:
        augmenter.set_params(random_state=options["seed"])
    return augmenter, labelled


def _table_of(augmenter: GANAugmenter, data: str, options: Mapping[str, Any], say: Say) -> Labelled:
    """Return the table, whose label and excluded columns are those of the model unless named."""
    target = augmenter.label_name_ if options["target"] is None else options["target"]
    unused = [column["name"] for column in augmenter.describe()["left_out"] if column["reason"] == "excluded"]
    labelled = read_labelled(data, options["separator"], target, options["exclude"], unused=unused)
    if labelled.why:
        say(f"label: column {labelled.y.name!r} ({labelled.why}); --target names another one")
    return labelled


def _write(
    labelled: Labelled | Images,
    added: Sequence[Any],
    augmenter: GANAugmenter | None,
    output: str,
    options: Mapping[str, Any],
    say: Say,
) -> None:
    from ganaug import write_table

    if isinstance(labelled, Images):
        write_augmented(labelled, added, augmenter, output)
        say(f"folder: {output} ({len(labelled.y):,} real images, {len(added[1]):,} synthetic)")
    else:
        parts = below(labelled.table, with_label(*added), options["mark"])
        write_table(parts, output, overwrite=options["force"], spreadsheet_safe=options["spreadsheet_safe"])
        say(f"table: {'standard output' if output == '-' else output}")


def _say_added(augmenter: GANAugmenter, say: Say) -> None:
    done: dict[str, Any] = augmenter.resampled_
    what = "images" if is_of_images(augmenter) else "rows"
    added = ", ".join(f"{label} +{count}" for label, count in done["added"].items() if count)
    say(f"synthetic {what} added: {added or 'none, as the classes are balanced already'}")
    if dropped := ", ".join(f"{count} {reason}" for reason, count in done["dropped"].items() if count):
        say(f"candidates dropped: {dropped}")
