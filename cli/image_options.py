"""Define the options for images, and refuse options that do not suit the kind of data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import click
from click.core import ParameterSource

from .front import CommandLineError
from .parquet_sets import is_parquet_set
from .places import PLACE, is_folder

# Written out, so that --help and wrong values are answered without importing torch; a test compares them.
AUGMENTATIONS = ("flip", "color", "translation", "affine", "cutout")
ARCHITECTURES = ("auto", "dcgan", "residual", "mlp")
CLASSIFIERS = ("logistic", "neighbours", "forest", "boosting")
NETWORKS = ("cnn", "cnn, affine", "cnn, tuned")
MIN_SIDE, MAX_SIDE = 8, 256

_OF_TEXT = ("separator", "encoding", "header", "date_order", "na", "thousands", "decimal")
TABLES_ONLY = (
    *("target", "exclude", *_OF_TEXT),
    *("kinds", "relations"),
    *("mark", "groups", "spreadsheet_safe", "out_separator", "out_encoding", "soft", "soft_size", "distil"),
)
IMAGES_ONLY = (
    *("size", "split", "labels", "file_column", "label_column", "skip_damaged"),
    *("augmentation", "architecture", "preview", "minutes", "full"),
)


class Size(click.ParamType):  # type: ignore[type-arg]
    """Height and width in pixels: ``HxW``, or ``N`` for both."""

    name = "HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return (height, width)."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"([0-9]{1,9})(?:[xX×]([0-9]{1,9}))?", value)
        height, width = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
            self.fail(
                f"{value!r} is neither HxW, height and width in pixels, nor N for both, from {MIN_SIDE} to {MAX_SIDE}.",
                param,
                ctx,
            )
        return height, width


class NameList(click.ParamType):  # type: ignore[type-arg]
    """Names separated by commas, or ``auto`` or ``none``.

    Parameters
    ----------
    known : sequence of str
        Names that may be given.
    """

    name = "auto|none|NAME,NAME"

    def __init__(self, known: Sequence[str]):
        self.known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | list[str] | None:
        """Return the names, "auto" or None."""
        if value == "auto":
            return "auto"
        if value == "none":
            return None
        names = [name.strip() for name in str(value).split(",")]
        for name in names:
            if name not in self.known:
                self.fail(f"{name!r} is none of auto, none, {', '.join(self.known)}.", param, ctx)
        return names


image_reading_options = [
    click.option(
        "--size", metavar="HxW|N", type=Size(), help="Images: height and width in pixels to resize to while reading."
    ),
    click.option(
        "--split",
        metavar="NAME",
        help="Images: the part of a data set to read, such as train or val; by default the training part; '.' takes "
        "the folders for classes, whatever their names.",
    ),
    click.option(
        "--labels",
        type=PLACE,
        metavar="FILE",
        help="Images: CSV, Parquet or JSON file with the label of each image file, where no class folders tell them.",
    ),
    click.option("--file-column", metavar="COLUMN", help="Images: column of --labels that names the files."),
    click.option("--label-column", metavar="COLUMN", help="Images: column of --labels that holds the labels."),
    click.option("--skip-damaged", is_flag=True, help="Images: leave out files that cannot be read, and count them."),
]

image_learning_options = [
    *image_reading_options,
    click.option(
        "--augmentation",
        default="auto",
        show_default=True,
        metavar=NameList.name,
        type=NameList(AUGMENTATIONS),
        help=f"Images: random augmentation of all real and synthetic images, of {', '.join(AUGMENTATIONS)}; flip only "
        "where a mirror image keeps its class.",
    ),
    click.option(
        "--architecture",
        type=click.Choice(ARCHITECTURES),
        default=ARCHITECTURES[0],
        show_default=True,
        help="Images: pair of networks; auto takes dcgan on a CPU, residual on a GPU.",
    ),
]

preview_option = click.option(
    "--preview",
    type=PLACE,
    metavar="FOLDER",
    help="Images: write a grid of samples there at each held-out score, always from the same noise, and with "
    "TensorBoard installed its logs.",
)


def list_given(context: click.Context, names: Iterable[str]) -> list[str]:
    """Return those of the given options that the user has typed, as they are spelled."""
    wanted = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return [max(option.opts, key=len) for option in context.command.params if option.name in wanted]


def check_options_suit(context: click.Context, data: str) -> None:
    """Refuse options for tables if the data are images, and options for images if the data are a table.

    Parameters
    ----------
    context : click.Context
        Of the command.
    data : str
        The argument DATA.

    Raises
    ------
    CommandLineError
        Such an option is on the command line, or the data are several files and the command takes one.
    """
    several = is_parquet_set(data)
    if several and context.command.name != "train":
        raise CommandLineError(
            f"{data!r} holds several Parquet files, which only train takes; give {context.command.name} one file"
        )
    if several:
        refuse_options(context, _OF_TEXT, "is for text files, and the data are Parquet files")
    images = is_folder(data) and not several
    strange = [name for name in context.params.get("classifiers", ()) if (name in NETWORKS) != images]
    for option in [
        *list_given(context, TABLES_ONLY if images else IMAGES_ONLY),
        *(f"--classifier {name!r}" for name in strange),
    ]:
        kind, what = ("tables", "is a folder of images") if images else ("folders of images", "is none")
        raise CommandLineError(f"{option} is for {kind}, and {data!r} {what}; leave it out")


def refuse_options(context: click.Context, names: Iterable[str], why: str) -> None:
    """Raise CommandLineError for the first of these options that was given."""
    for option in list_given(context, names):
        raise CommandLineError(f"{option} {why}; leave one of them out")
