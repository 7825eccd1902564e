"""Define the options that several commands share, and check their values."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import click

from .image_options import CLASSIFIERS, NETWORKS, NameList, image_learning_options, preview_option

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]

# Repeated here, so that --help and wrong values need no torch; a test compares them with the library.
EFFORTS = ("fast", "balanced", "best")
LOSSES = ("relativistic", "hinge", "non-saturating", "wasserstein", "minimax")
FILTERS = ("density_ratio", "label_agreement", "marginals")
KINDS = ("numeric", "ordered", "category", "boolean", "datetime", "constant", "identifier")
STRATEGIES = ("auto", "minority", "not minority", "not majority", "all")

MAX_SEED = 2**63 - 1
_DIGITS = 19  # of a number of rows: those of MAX_SEED
DEFAULT_SEED = 0


class Pair(click.ParamType):  # type: ignore[type-arg]
    """A value of the form ``KEY=VALUE``, split at the last equals sign, because keys can hold one.

    Parameters
    ----------
    name : str
        Form shown in messages, such as ``LABEL=N``.
    value_type : click.ParamType
        Type of VALUE.
    """

    def __init__(self, name: str, value_type: click.ParamType):  # type: ignore[type-arg]
        self.name = name
        self.value_type = value_type

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the form, for ``--help``."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Return key and value."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).rpartition("=")
        if not equals or not key:
            self.fail(f"{value!r} is not of the form {self.name}.", param, ctx)
        return key, self.value_type.convert(text, param, ctx)


class Count(click.IntRange):
    """A number of rows, which may be written as 1e9."""

    name = "integer"

    def __init__(self) -> None:
        super().__init__(0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        with contextlib.suppress(ArithmeticError, TypeError):
            number = Decimal(value)
            if number.is_finite() and number.adjusted() < _DIGITS and number == number.to_integral_value():
                value = int(number)
        return super().convert(value, param, ctx)


def collect_pairs(
    context: click.Context, parameter: click.Parameter, pairs: Iterable[tuple[str, Any]]
) -> dict[str, Any]:
    """Return pairs as a mapping, or refuse a key that was given twice."""
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise click.BadParameter(f"{key!r} is given twice.", context, parameter)
        mapping[key] = value
    return mapping


def _separator(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    value = {"\\t": "\t", "tab": "\t"}.get(value or "", value)
    if value is not None and (len(value) != 1 or value in '"\r\n\0'):
        raise click.BadParameter(f"{value!r} is not one character; a tab is written 'tab'.", context, parameter)
    return value


def _device(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]+)?", value):
        raise click.BadParameter(f"{value!r} is none of auto, cpu, cuda, cuda:N and mps.", context, parameter)
    return value


def strategy(context: click.Context, parameter: click.Parameter, value: str | None) -> str | float | None:
    """Return a strategy of imbalanced-learn: a name, or the wanted size of the minority as a share of the majority."""
    if value is None:
        return None
    name = value.replace("-", " ").replace("_", " ")
    if name in STRATEGIES:
        return name
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise click.BadParameter(
            f"{value!r} is none of {', '.join(STRATEGIES)}, nor a number above 0 and at most 1.", context, parameter
        )
    return share


def _jobs(context: click.Context, parameter: click.Parameter, value: int) -> int:
    if value == 0:
        raise click.BadParameter("0 is no number of jobs; -1 means all cores.", context, parameter)
    return value


def _remove_duplicates(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _combine(options: Sequence[Decorator[Any]]) -> Decorator[Any]:
    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


DATE_ORDERS = ("dmy", "mdy", "ymd")

separator_option = click.option(
    "--separator",
    metavar="CHARACTER",
    callback=_separator,
    help="Separator of the cells in a text file; detected by default.",
)
encoding_option = click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of a text file, such as cp1252; by default UTF-8, or what the bytes look like.",
)
header_option = click.option(
    "--header/--no-header",
    default=None,
    help="Whether the first line names the columns; by default it does, unless it is a row like the others.",
)
date_order_option = click.option(
    "--date-order",
    type=click.Choice(DATE_ORDERS),
    help="Order of day, month and year in dates that may have several, such as 1/2/2020.",
)
force_option = click.option("--force", is_flag=True, help="Replace files that exist.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
seed_option = click.option(
    "--seed", metavar="N", type=click.IntRange(0, MAX_SEED), help="The same seed gives the same result."
)
classifier_option = click.option(
    "--classifier",
    "classifiers",
    type=click.Choice([*CLASSIFIERS, *NETWORKS]),
    multiple=True,
    callback=_remove_duplicates,
    help="Classifier to measure with; may be repeated. By default all four of tables; of images all that begin with "
    "cnn, but 'cnn, affine' alone to choose a share.",
)
jobs_option = click.option(
    "--jobs",
    metavar="N",
    type=int,
    default=-1,
    callback=_jobs,
    help="Number of parallel jobs; by default one per core. Results do not depend on it.",
)

column_options = _combine(
    [
        click.option(
            "--target",
            metavar="COLUMN",
            help="Column with the labels; by default the one called target, label, class or y, or else the last. "
            "Several Parquet files need it.",
        ),
        click.option("--exclude", metavar="COLUMN", multiple=True, help="Column to leave out; may be repeated."),
        separator_option,
        encoding_option,
        header_option,
        date_order_option,
        click.option("--na", multiple=True, metavar="MARK", help="Another mark of missing cells; may be repeated."),
        click.option("--thousands", metavar="CHARACTER", help="Separator of thousands, where it could be the decimal."),
        click.option("--decimal", type=click.Choice([".", ","]), help="Decimal separator, where it is not clear."),
    ]
)


def get_reading_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `ganaug.read_table` among those of a command."""
    names = ("separator", "encoding", "header", "date_order", "na", "thousands", "decimal")
    return {name: options[name] for name in names}


writing_options = _combine(
    [
        click.option(
            "--spreadsheet-safe",
            is_flag=True,
            help="Put an apostrophe before text that spreadsheet programs would run as a formula (= + - @).",
        ),
        click.option(
            "--out-separator",
            metavar="CHARACTER",
            callback=_separator,
            help="What to write between the cells; by default what the data had.",
        ),
        click.option("--out-encoding", metavar="NAME", help="Encoding to write text in; by default that of the data."),
    ]
)


def get_writing_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `ganaug.write_table` among those of a command."""
    return {
        "overwrite": options["force"],
        "spreadsheet_safe": options["spreadsheet_safe"],
        "separator": options["out_separator"],
        "encoding": options["out_encoding"],
    }


_LEARNING = [
    click.option(
        "--kind",
        "kinds",
        type=Pair("COLUMN=KIND", click.Choice(KINDS)),
        multiple=True,
        callback=collect_pairs,
        help=f"Kind of a column, if it is not recognised: {', '.join(KINDS)}; may be repeated.",
    ),
    click.option(
        "--relations/--no-relations",
        default=True,
        help="Keep what holds between columns in every row, such as a total of others; on by default.",
    ),
    click.option(
        "--device",
        metavar="NAME",
        default="auto",
        show_default=True,
        callback=_device,
        help="cpu, cuda, cuda:N or mps.",
    ),
    click.option(
        "--max-seconds",
        type=click.FloatRange(0, min_open=True),
        metavar="S",
        help="Time limit of the whole training, filters included, in seconds; results depend on it.",
    ),
    click.option(
        "--effort",
        type=click.Choice(EFFORTS),
        default="balanced",
        show_default=True,
        help="How long to train: half as many steps, or four times as many, as by default.",
    ),
    click.option(
        "--max-steps", metavar="N", type=click.IntRange(1), help="Training steps; by default they depend on the data."
    ),
    click.option("--loss", type=click.Choice(LOSSES), default=LOSSES[0], show_default=True, help="Adversarial loss."),
    click.option(
        "--filters",
        default="auto",
        show_default=True,
        metavar=NameList.name,
        type=NameList(FILTERS),
        help=f"Filters that weigh candidates, of {', '.join(FILTERS)}; auto decides on held-out rows.",
    ),
    click.option("--skip-rare", is_flag=True, help="Leave classes with a single row or image as they are."),
    *image_learning_options,
]
_WATCHING = [
    preview_option,
    click.option("--resume", is_flag=True, help="Resume an interrupted training."),
    click.option("-v", "--verbose", is_flag=True, help="Show more of the training."),
]
TRAINING_ONLY = (
    "kinds",
    "relations",
    "device",
    "max_seconds",
    "effort",
    "max_steps",
    "loss",
    "filters",
    "skip_rare",
    "resume",
    "verbose",
    "augmentation",
    "architecture",
    "preview",
)
"""Options without effect on a model that is already trained."""

training_options = _combine([column_options, *_LEARNING, *_WATCHING, seed_option, quiet_option, force_option])
measuring_options = _combine([column_options, *_LEARNING, seed_option, quiet_option, force_option])
