"""``ganaug report``: measure whether synthetic data help classifiers on a table or a folder of images."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .budget import ARMS, FRACTIONS, MINUTES, Budget, plan_budget
from .folders import ImageFolder
from .front import CommandLineError, debug_option, make_printer
from .image_options import check_options_suit, list_given
from .options import DEFAULT_SEED, TRAINING_ONLY, classifier_option, jobs_option, measuring_options
from .places import PLACE, check_local_output, is_folder, is_url, make_default_output
from .tables import LabelledTable, encode_groups
from .train import check_learnable, make_augmenter, read_for_training
from .tuning import make_tuned

if TYPE_CHECKING:
    from ganaug import GainReport

PAGE = "_gain.html"
EXAMPLE = """\b
Example:
  ganaug report loans.csv --target status
prints the figures and writes loans_gain.html; for a folder of images:
  ganaug report digits/"""

_TYPED = "ganaug.typed"
_MEASURED_ONLY = (
    *("output", "json_output", "share", "balance", "metrics", "distil", "folds", "repeats", "groups", "jobs"),
)
_MANY_SCORES = "recall_per_class"  # a metric with several scores, which cannot choose a share


class _Command(click.Command):
    """A command that remembers its arguments as they were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_TYPED] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Command, epilog=EXAMPLE)
@click.argument("data", type=PLACE)
@click.option("-o", "--output", type=PLACE, metavar="PAGE", help="Path of the HTML page; by default beside the data.")
@click.option("--json", "json_output", type=PLACE, metavar="FILE", help="Also write all figures as JSON.")
@click.option(
    "--share",
    type=click.FloatRange(0, 0.99, min_open=True),
    metavar="S",
    help="Share of synthetic rows in all rows to measure, such as 0.3; by default it is chosen on held-out rows.",
)
@click.option(
    "--balance",
    is_flag=True,
    help="Bring all classes to the size of the largest; with --share, that share fills up the smallest classes first.",
)
@classifier_option
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric of scikit-learn, such as f1_macro; may be repeated. The first one decides the verdict; by default ROC "
    "AUC, which no decision threshold changes.",
)
@click.option(
    "--distil",
    is_flag=True,
    help="Also measure what the probabilities of a teacher give in place of labels, with and without synthetic rows. "
    "For tables only.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Train nothing: print in seconds what similar tables gained, with an interval. For tables only.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.5),
    metavar="M",
    help=f"Images: about what the report may take on two cores; by default {MINUTES:g}. Folds, networks and steps that "
    "are not named follow from it.",
)
@click.option("--full", is_flag=True, help="Images: measure all networks and controls in five folds, without a limit.")
@click.option("--folds", type=click.IntRange(2), metavar="N", help="Number of folds; by default 5, or 3 in --minutes.")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How often the folds are drawn.",
)
@click.option(
    "--groups",
    metavar="COLUMN",
    help="Rows with the same value in this column stay in the same fold; the column is not learned.",
)
@jobs_option
@measuring_options
@debug_option
@click.pass_context
def report(context: click.Context, /, data: str, **options: Any) -> None:
    """Measure whether synthetic rows or images help classifiers.

    DATA is CSV, TSV or Parquet: a file, a URL, or - for standard input; or a folder that has one folder of image files
    for each class. In each fold, the training part is augmented as by 'ganaug augment', and classifiers are tested on
    the rest. The controls cost next to nothing: the real rows alone, a moved decision threshold, calibration, class
    weights, copies of rows, over-sampling, SMOTE and a copula. Training runs twice per fold.
    """
    check_options_suit(context, data)
    if options["full"] and options["minutes"] is not None:
        raise CommandLineError("--full has no limit, and --minutes is one; leave one of them out")
    if options["quick"]:
        _quick(context, data, options)
        return
    output = _check_places(data, options)
    say = make_printer(options["quiet"])
    grouped = options["groups"]
    labelled = read_for_training(data, options, say, [] if grouped is None else [grouped])
    groups = (
        encode_groups(labelled, grouped, data) if grouped is not None and isinstance(labelled, LabelledTable) else None
    )
    budget = plan_budget(labelled, options) if isinstance(labelled, ImageFolder) and not options["full"] else None
    if budget is not None:
        say(budget.describe())
        options = _limit(options, budget, list_given(context, ("max_steps", "effort", "filters")))
    check_learnable(labelled, options)
    if isinstance(labelled, LabelledTable):
        say("measuring takes minutes to an hour; --quick guesses in seconds")
    found = _measure(labelled, groups, data, options, budget)
    found.command = _quote_command(context.meta[_TYPED])
    click.echo(str(found))
    found.to_html(output)
    say(f"page: {output}")
    if options["json_output"] is not None:
        found.to_json(options["json_output"])
        say(f"figures: {options['json_output']}")
    _check_measured(found)


def _quick(context: click.Context, data: str, options: Mapping[str, Any]) -> None:
    """Print the expected gain of a table."""
    for option in list_given(context, (*_MEASURED_ONLY, *TRAINING_ONLY, "force")):
        raise CommandLineError(f"{option} is for measuring, and --quick measures nothing; leave one of them out")
    if is_folder(data):
        raise CommandLineError("--quick is for tables, for gains of images were measured on too few sets; leave it out")
    from ganaug import expected_gain

    labelled = read_for_training(data, options, make_printer(options["quiet"]), [])
    seed = DEFAULT_SEED if options["seed"] is None else options["seed"]
    found = expected_gain(labelled.X, labelled.y, classifier=options["classifiers"] or None, random_state=seed)
    click.echo(str(found))


def _check_places(data: str, options: Mapping[str, Any]) -> str:
    output, figures, force = options["output"], options["json_output"], options["force"]
    if output is None and data == "-":
        raise CommandLineError("Name the page with -o when the table comes from standard input")
    output = make_default_output(data, PAGE) if output is None else output
    check_local_output(output, force, [data], "page")
    if figures is not None:
        check_local_output(figures, force, [data, output], "file of figures", "--json")
    return str(output)


def _limit(options: dict[str, Any], budget: Budget, given: Sequence[str]) -> dict[str, Any]:
    """Return the options of the training within a budget; what the user named is kept."""
    limits: dict[str, Any] = {} if "--filters" in given else {"filters": None}
    if not {"--max-steps", "--effort"} & set(given):
        limits["max_steps"] = budget.generator_steps
    return options | limits


def _measure(
    labelled: LabelledTable | ImageFolder,
    groups: Any,
    data: str,
    options: Mapping[str, Any],
    budget: Budget | None,
) -> GainReport:
    from ganaug import gain_report

    metrics = list(options["metrics"])
    leading = metrics[0] if metrics and metrics[0] != _MANY_SCORES else None
    plain = options["balance"] or options["share"] is not None
    sampler: Any = make_augmenter(options, None, quiet=True) if plain else make_tuned(options, leading, quiet=True)
    limits: dict[str, Any] = {"classifier": options["classifiers"] or None, "cv": options["folds"] or 5}
    if budget is not None:
        limits = {"classifier": budget.make_networks(), "cv": budget.folds, "arms": ARMS, "fidelity": False}
        if not plain:
            sampler.set_params(classifier=budget.make_networks(), fractions=FRACTIONS)
    return gain_report(
        sampler,
        labelled.X,
        labelled.y,
        **limits,
        n_repeats=options["repeats"],
        groups=groups,
        metrics=metrics or None,
        synthetic_fraction=options["share"],
        balance=options["balance"] and options["share"] is not None,
        distil=options["distil"],
        random_state=DEFAULT_SEED if options["seed"] is None else options["seed"],
        n_jobs=options["jobs"],
        verbose=int(not options["quiet"]),
        name=None if data == "-" else Path(make_default_output(data, "")).name,
    )


def _quote_command(typed: Sequence[str]) -> str:
    """Return the command line as typed, without passwords and keys in URLs, because pages are shared."""
    return shlex.join(["ganaug", "report", *map(_remove_secrets, typed)])


def _remove_secrets(word: str) -> str:
    return re.sub(r"://[^/@]*@", "://", word.split("?")[0]) if is_url(word) else word


def _check_measured(found: GainReport) -> None:
    """Raise an error if no fold could be measured; the report is written and says so, too."""
    failed = found.failures[(found.failures["arm"] == "augmented") & found.failures["classifier"].isna()]
    if failed["fold"].nunique() == len(found.design.folds):
        raise click.ClickException(
            f"Nothing was measured, as no fold has synthetic rows: {failed['reason'].iloc[0].rstrip('.')}."
        )
