"""``ganaug augment``: a table in, and out comes the same with synthetic rows below, as many as help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .front import Refused, debug_option, speaker
from .options import TRAINING_ONLY, classifier_option, jobs_option, strategy, training_options
from .places import beside, check_local_output, check_table_output, is_url
from .tables import Labelled, below, read_labelled, with_label
from .train import fit, new_augmenter, read_for_training, say_saved
from .tuning import DEFAULT_SCORING, TUNING_ONLY, tuned_rows

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
@click.option(
    "--model",
    metavar="MODEL",
    help="A model of this kind of table; nothing is trained then, and so no share chosen: it balances the classes.",
)
@click.option("--save-model", metavar="MODEL", help="Keep the model that is trained, where rows of it are added.")
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
    default=DEFAULT_SCORING,
    show_default=True,
    help="Metric of scikit-learn by which the share is chosen.",
)
@classifier_option
@jobs_option
@click.option("--mark", metavar="COLUMN", help="Add a column that says 'real' or 'synthetic'.")
@training_options
@debug_option
@click.pass_context
def augment(context: click.Context, /, data: str, **options: Any) -> None:
    """Add the synthetic rows that help classifiers, maybe none.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input. Its rows come first, every value unchanged,
    and the synthetic ones below them: the share of them with which classifiers did best on held-out rows.
    """
    output = options["output"] or ("-" if data == "-" else beside(data, "_augmented.csv"))
    _check_options(context, options)
    _check_places(data, output, options)
    say = speaker(options["quiet"])
    if options["model"] is None:
        labelled = read_for_training(data, options, say)
        _check(labelled, options)
        augmenter, added = _learned_rows(labelled, output, options, say)
    else:
        augmenter, labelled = _loaded(data, options, say)
        _check(labelled, options)
        added = _balancing_rows(augmenter, labelled)
    _write(labelled, added, output, options)
    if augmenter is not None:
        _say_added(augmenter, say)
    say(f"table: {'standard output' if output == '-' else output}")


def _check_options(context: click.Context, options: dict[str, Any]) -> None:
    """Refuse options that do not go together, and settle what ``--strategy`` implies."""
    options["balance"] = balance = options["balance"] or options["strategy"] is not None
    options["strategy"] = options["strategy"] or "auto"
    if options["model"] is not None:
        _refuse(context, (*TRAINING_ONLY, *TUNING_ONLY, "save_model"), "is for training, and --model trains nothing")
    elif balance:
        _refuse(context, TUNING_ONLY, "is for choosing the share of synthetic rows, and balancing chooses none")
    elif options["resume"]:
        raise Refused(
            "--resume goes on with a single training, and choosing the share of synthetic rows takes two; leave it "
            "out, or add --balance"
        )


def _refuse(context: click.Context, names: Iterable[str], why: str) -> None:
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--" + {"kinds": "kind", "classifiers": "classifier"}.get(name, name).replace("_", "-")
            raise Refused(f"{option} {why}; leave one of them out")


def _check_places(data: str, output: str, options: Mapping[str, Any]) -> None:
    model, save_model, force = options["model"], options["save_model"], options["force"]
    check_table_output(output, force, [data, *([model] if model else []), *([save_model] if save_model else [])])
    if save_model is not None:
        check_local_output(save_model, force, [data], option="--save-model")


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


def _learned_rows(
    labelled: Labelled, output: str, options: Mapping[str, Any], say: Say
) -> tuple[GANAugmenter | None, tuple[Any, Any]]:
    """Return synthetic rows and labels, and the augmenter trained on all rows that made them; None if there is none."""
    if options["balance"]:
        augmenter = _trained(labelled, output, options, say)
        _keep(augmenter, options, say)
        return augmenter, _balancing_rows(augmenter, labelled)
    chosen, added = tuned_rows(labelled, options, say)
    _keep(chosen, options, say)
    return chosen, added


def _trained(labelled: Labelled, output: str, options: Mapping[str, Any], say: Say) -> GANAugmenter:
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
        say("no model is saved, as no synthetic rows are added")
    else:
        augmenter.set_params(sampling_strategy=options["strategy"])  # rather than numbers of rows, which are of a table
        augmenter.save(place)
        say_saved(augmenter, place, say)


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


def _balancing_rows(augmenter: GANAugmenter, labelled: Labelled) -> tuple[Any, Any]:
    """Return the synthetic rows and labels alone; the real ones are written as they were read."""
    X, y = augmenter.resample(labelled.X, labelled.y)
    n = len(labelled.table)
    return X.iloc[n:], y.iloc[n:]


def _write(labelled: Labelled, added: Sequence[Any], output: str, options: Mapping[str, Any]) -> None:
    from ganaug import write_table

    parts = below(labelled.table, with_label(*added), options["mark"])
    write_table(parts, output, overwrite=options["force"])


def _say_added(augmenter: GANAugmenter, say: Say) -> None:
    done: dict[str, Any] = augmenter.resampled_
    added = ", ".join(f"{label} +{count}" for label, count in done["added"].items() if count)
    say(f"synthetic rows added: {added or 'none, as the classes are balanced already'}")
    if dropped := ", ".join(f"{count} {reason}" for reason, count in done["dropped"].items() if count):
        say(f"candidates dropped: {dropped}")
