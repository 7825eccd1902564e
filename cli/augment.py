"""``ganaug augment``: a table in, the same table with synthetic rows below out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .front import Refused, debug_option, speaker
from .options import TRAINING_ONLY, strategy, training_options
from .places import beside, check_model_output, check_table_output, is_url
from .tables import Labelled, below, read_labelled, with_label
from .train import fit, new_augmenter, read_for_training, say_saved

if TYPE_CHECKING:
    from ganaug import GANAugmenter

EXAMPLE = """\b
Example:
  ganaug augment loans.csv --target status --mark origin
writes loans_augmented.csv."""

Say = Callable[[str], None]


@click.command(epilog=EXAMPLE)
@click.argument("data")
@click.option("-o", "--output", metavar="TABLE", help="CSV, TSV or Parquet, or - for standard output.")
@click.option("--model", metavar="MODEL", help="A model of this kind of table; nothing is trained then.")
@click.option("--save-model", metavar="MODEL", help="Keep the model that is trained.")
@click.option(
    "--strategy",
    metavar="NAME|SHARE",
    default="auto",
    show_default=True,
    callback=strategy,
    help="What is filled up: auto brings all classes to the size of the largest; minority, not minority, all; or, with "
    "two classes, the wanted size of the smaller as a share of the larger.",
)
@click.option("--mark", metavar="COLUMN", help="Add a column that says 'real' or 'synthetic'.")
@training_options
@debug_option
@click.pass_context
def augment(context: click.Context, /, data: str, **options: Any) -> None:
    """Balance the classes of a table by synthetic rows.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input. Its rows come first, every value unchanged,
    and the synthetic ones below them.
    """
    output = options["output"] or ("-" if data == "-" else beside(data, "_augmented.csv"))
    _check_places(context, data, output, options)
    say = speaker(options["quiet"])
    if options["model"] is None:
        labelled = read_for_training(data, options, say)
        _check(labelled, options)
        augmenter = _trained(labelled, output, options, say)
    else:
        augmenter, labelled = _loaded(data, options, say)
        _check(labelled, options)
    added = _resampled(augmenter, labelled)
    _write(labelled, added, output, options)
    _say_done(augmenter, output, say)


def _check_places(context: click.Context, data: str, output: str, options: Mapping[str, Any]) -> None:
    model, save_model, force = options["model"], options["save_model"], options["force"]
    if model is not None:
        given = [
            name
            for name in (*TRAINING_ONLY, "save_model")
            if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        ]
        if given:
            option = "--" + {"kinds": "kind"}.get(given[0], given[0]).replace("_", "-")
            raise Refused(f"{option} is for training, and --model trains nothing; leave one of them out")
    check_table_output(output, force, [data, *([model] if model else []), *([save_model] if save_model else [])])
    if save_model is not None:
        check_model_output(save_model, force, [data])


def _check(labelled: Labelled, options: Mapping[str, Any]) -> None:
    """Refuse, before training, what could only fail after it."""
    mark, wanted = options["mark"], options["strategy"]
    if mark is not None and (not mark.strip() or mark in labelled.table.columns):
        raise Refused(f"--mark {mark!r} must be a new name, and no column of the table; choose another")
    if isinstance(wanted, float):
        _check_share(labelled.y, wanted)


def _check_share(y: Any, share: float) -> None:
    counts = y.value_counts()
    counts = counts[counts > 1]  # a class with a single row is either skipped or refused
    if len(counts) > 2:
        raise Refused(
            f"--strategy {share:g} is a share for two classes, and column {y.name!r} has {len(counts)}; take a name "
            "such as auto"
        )
    if len(counts) == 2 and (present := counts.iloc[1] / counts.iloc[0]) > share:
        raise Refused(
            f"--strategy {share:g} would need fewer rows of {counts.index[1]!r}, which are {counts.iloc[1]} to "
            f"{counts.iloc[0]} already; take a share of at least {ceil(1000 * present) / 1000:g}"
        )


def _trained(labelled: Labelled, output: str, options: dict[str, Any], say: Say) -> GANAugmenter:
    place = options["save_model"] or (None if output == "-" or is_url(output) else output)
    if place is None and options["resume"]:
        raise Refused("--resume needs a local file beside which the checkpoint lies; name one by -o")
    checkpoint = None if place is None else f"{place}.checkpoint"
    augmenter = new_augmenter(options, checkpoint, options["quiet"], options["strategy"])
    fit(augmenter, labelled, say)
    if options["save_model"] is not None:
        augmenter.save(options["save_model"])
        say_saved(augmenter, options["save_model"], say)
    return augmenter


def _loaded(data: str, options: Mapping[str, Any], say: Say) -> tuple[GANAugmenter, Labelled]:
    """Return the model and the table, whose label and excluded columns are those of the model unless named."""
    from ganaug import GANAugmenter

    augmenter = GANAugmenter.load(options["model"])
    known = augmenter.schema_["container"].get("attrs", {}).get("column_order", [])
    label = augmenter.model_.labels.container.get("name")
    target = options["target"] if options["target"] is not None else label
    unused = [name for name in known if name not in augmenter.schema_["names"] and name != label]
    labelled = read_labelled(data, options["separator"], target, options["exclude"], unused=unused)
    if labelled.why:
        say(f"label: column {labelled.y.name!r} ({labelled.why}); --target names another one")
    augmenter.set_params(sampling_strategy=options["strategy"])
    if options["seed"] is not None:
        augmenter.set_params(random_state=options["seed"])
    return augmenter, labelled


def _resampled(augmenter: GANAugmenter, labelled: Labelled) -> tuple[Any, Any]:
    """Return the synthetic rows and labels alone; the real ones are written as they were read."""
    X, y = augmenter.resample(labelled.X, labelled.y)
    n = len(labelled.table)
    return X.iloc[n:], y.iloc[n:]


def _write(labelled: Labelled, added: Sequence[Any], output: str, options: Mapping[str, Any]) -> None:
    from ganaug import write_table

    parts = below(labelled.table, with_label(*added), options["mark"])
    write_table(parts, output, overwrite=options["force"])


def _say_done(augmenter: GANAugmenter, output: str, say: Say) -> None:
    done: dict[str, Any] = augmenter.resampled_
    added = ", ".join(f"{label} +{count}" for label, count in done["added"].items() if count)
    say(f"synthetic rows added: {added or 'none, as the classes are balanced already'}")
    if dropped := ", ".join(f"{count} {reason}" for reason, count in done["dropped"].items() if count):
        say(f"candidates dropped: {dropped}")
    say(f"table: {'standard output' if output == '-' else output}")
