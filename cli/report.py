"""``ganaug report``: a table or a folder of images in, and out comes whether synthetic data help on it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .folders import Images
from .front import Refused, debug_option, speaker
from .image_options import check_options_suit, given
from .options import DEFAULT_SEED, TRAINING_ONLY, classifier_option, jobs_option, measuring_options
from .places import PLACE, beside, check_local_output, is_folder, is_url
from .tables import Labelled, group_codes
from .train import check_learnable, new_augmenter, read_for_training
from .tuning import new_tuned

if TYPE_CHECKING:
    from ganaug import GainReport

PAGE = "_gain.html"
EXAMPLE = """\b
Example:
  ganaug report loans.csv --target status
prints the figures and writes loans_gain.html; for a folder of images:
  ganaug report digits/"""

_TYPED = "ganaug.typed"
_MEASURED_ONLY = ("output", "json_output", "share", "balance", "metrics", "folds", "repeats", "groups", "jobs")
_MANY_SCORES = "recall_per_class"  # a metric, but no single score that could choose a share


class _Command(click.Command):
    """A command that remembers what was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_TYPED] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Command, epilog=EXAMPLE)
@click.argument("data", type=PLACE)
@click.option(
    "-o", "--output", type=PLACE, metavar="PAGE", help="Where the page goes, as HTML; by default beside the data."
)
@click.option("--json", "json_output", type=PLACE, metavar="FILE", help="Write all figures as JSON, too.")
@click.option(
    "--share",
    type=click.FloatRange(0, 0.99, min_open=True),
    metavar="S",
    help="Measure this share of synthetic rows in all rows, such as 0.3; by default the one that held-out rows choose.",
)
@click.option(
    "--balance",
    is_flag=True,
    help="Measure what brings all classes to the size of the largest; with --share, that share fills up the smallest "
    "classes first.",
)
@classifier_option
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric of scikit-learn, such as f1_macro; may be repeated. The first one decides; by default ROC AUC, which "
    "no decision threshold moves.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Train nothing: print in seconds what other tables like this one gained, with an interval. For tables.",
)
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True, metavar="N", help="Parts to test on.")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How often the rows are split anew.",
)
@click.option(
    "--groups",
    metavar="COLUMN",
    help="Rows with the same value of it stay together, in training or in testing; it is not learned.",
)
@jobs_option
@measuring_options
@debug_option
@click.pass_context
def report(context: click.Context, /, data: str, **options: Any) -> None:
    """Measure whether synthetic rows or images help classifiers.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input; or a folder that has one folder of image files
    for each class. What 'ganaug augment' would do to it is done
    to parts of it, and classifiers are tested on the rest, beside what costs nothing: no further rows, a moved decision
    threshold, calibration, class weights, copies of rows, over-sampling, SMOTE, a copula. Training runs twice for each
    part.
    """
    check_options_suit(context, data)
    if options["quick"]:
        _quick(context, data, options)
        return
    output = _check_places(data, options)
    say = speaker(options["quiet"])
    grouped = options["groups"]
    labelled = read_for_training(data, options, say, [] if grouped is None else [grouped])
    groups = group_codes(labelled, grouped, data) if grouped is not None and isinstance(labelled, Labelled) else None
    check_learnable(labelled, options)
    found = _measured(labelled, groups, data, options)
    found.command = _command(context.meta[_TYPED])
    click.echo(str(found))
    found.to_html(output)
    say(f"page: {output}")
    if options["json_output"] is not None:
        found.to_json(options["json_output"])
        say(f"figures: {options['json_output']}")
    _check_fitted(found)


def _quick(context: click.Context, data: str, options: Mapping[str, Any]) -> None:
    """Print the expected gain of a table."""
    for option in given(context, (*_MEASURED_ONLY, *TRAINING_ONLY, "force")):
        raise Refused(f"{option} is for measuring, and --quick measures nothing; leave one of them out")
    if is_folder(data):
        raise Refused("--quick is for tables, for gains of images were measured on too few sets; leave it out")
    from ganaug import expected_gain

    labelled = read_for_training(data, options, speaker(options["quiet"]), [])
    seed = DEFAULT_SEED if options["seed"] is None else options["seed"]
    found = expected_gain(labelled.X, labelled.y, classifier=options["classifiers"] or None, random_state=seed)
    click.echo(str(found))


def _check_places(data: str, options: Mapping[str, Any]) -> str:
    output, figures, force = options["output"], options["json_output"], options["force"]
    if output is None and data == "-":
        raise Refused("Name the page with -o when the table comes from standard input")
    output = beside(data, PAGE) if output is None else output
    check_local_output(output, force, [data], "page")
    if figures is not None:
        check_local_output(figures, force, [data, output], "file of figures", "--json")
    return str(output)


def _measured(labelled: Labelled | Images, groups: Any, data: str, options: Mapping[str, Any]) -> GainReport:
    from ganaug import gain_report

    metrics = list(options["metrics"])
    leading = metrics[0] if metrics and metrics[0] != _MANY_SCORES else None
    plain = options["balance"] or options["share"] is not None
    return gain_report(
        new_augmenter(options, None, quiet=True) if plain else new_tuned(options, leading, quiet=True),
        labelled.X,
        labelled.y,
        classifier=options["classifiers"] or None,
        cv=options["folds"],
        n_repeats=options["repeats"],
        groups=groups,
        metrics=metrics or None,
        synthetic_fraction=options["share"],
        balance=options["balance"] and options["share"] is not None,
        random_state=DEFAULT_SEED if options["seed"] is None else options["seed"],
        n_jobs=options["jobs"],
        verbose=int(not options["quiet"]),
        name=None if data == "-" else Path(beside(data, "")).name,
    )


def _command(typed: Sequence[str]) -> str:
    """Return the command line as it was typed, less what a URL may hold of passwords and keys: pages get around."""
    return shlex.join(["ganaug", "report", *map(_without_secrets, typed)])


def _without_secrets(word: str) -> str:
    return re.sub(r"://[^/@]*@", "://", word.split("?")[0]) if is_url(word) else word


def _check_fitted(found: GainReport) -> None:
    """End with an error where nothing was measured, though the report is there and says so."""
    failed = found.failures[(found.failures["arm"] == "augmented") & found.failures["classifier"].isna()]
    if failed["fold"].nunique() == len(found.design.folds):
        raise click.ClickException(
            f"Nothing was measured, as no fold has synthetic rows: {failed['reason'].iloc[0].rstrip('.')}."
        )
