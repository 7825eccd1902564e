"""``ganaug inspect``: show what a model knows, without sampling from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .folders import COLOURS
from .front import debug_option
from .places import PLACE

if TYPE_CHECKING:
    from rich.table import Table

EXAMPLE = """\b
Example:
  ganaug inspect loans.safetensors"""

_MAX_CATEGORIES = 6
_MAX_FREQUENT = 3
_MAX_ROWS = 50  # of columns and of classes; a file can hold thousands
_MAX_TEXT = 500


@click.command("inspect", epilog=EXAMPLE)
@click.argument("model", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object, for programs.")
@debug_option
def inspect_model(model: str, as_json: bool) -> None:
    """Show what a model knows: columns or images, classes, training, filters, origin."""
    from ganaug import GanaugError, GANAugmenter, ModelFileError

    try:
        facts = {"file": model, **GANAugmenter.load(model).describe()}
        shown = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) if as_json else _make_tables(facts)
    except GanaugError:
        raise
    except Exception as error:  # a forged file can be loaded and still hold numbers that nobody can show
        raise ModelFileError(
            f"{model} holds facts that cannot be shown ({type(error).__name__}: {error}); train again."
        ) from error
    if isinstance(shown, str):
        click.echo(shown.encode("utf-8", "backslashreplace").decode())  # half a character, as JSON writes it
        return
    from rich.console import Console

    console = Console(highlight=False)
    for table in shown:
        console.print(table)


def _make_tables(facts: Mapping[str, Any]) -> list[Table]:
    columns = [_make_columns(facts)] if "columns" in facts else []
    rules = [_make_rules(facts["rules"])] if facts.get("rules") else []
    return [_make_origin(facts), *columns, *rules, _make_classes(facts)]


def _make_origin(facts: Mapping[str, Any]) -> Table:
    table = _new_table(facts["file"], "", "")
    best = max((score for _, score in facts["held_out_scores"]), default=None)
    strengths = ", ".join(f"{name} at {value:g}" for name, value in facts["filters"]["strengths"].items())
    kind, what = (_describe_images(facts), "images") if "images" in facts else ({}, "rows")
    rows = {
        "kind of data": facts["modality"],
        **kind,
        f"training {what}": f"{facts['rows']}, {facts['held_out_rows']} of them held out",
        "training": f"{facts['steps']} steps in {facts['seconds']:.0f} s, seed {facts['seed']}",
        "held-out score": f"too few {what} to hold any out" if best is None else f"{best:.3f}",
        "filters": strengths or "none",
        "written by": f"ganaug {facts['ganaug_version']}, file format {facts['format_version']}",
        "options": ", ".join(f"{name}={value}" for name, value in _find_changed(facts["params"]).items()) or "defaults",
    }
    for name, text in rows.items():
        table.add_row(_make_text(name), _make_text(text))
    table.show_header = False
    return table


def _describe_images(facts: Mapping[str, Any]) -> dict[str, str]:
    images, networks = facts["images"], facts["networks"]
    colours = COLOURS.get(images["channels"], f"{images['channels']} channels")
    values = f"{images['dtype']} from {images['low']:.6g} to {images['high']:.6g}"
    values += ", each channel in its own range" if images.get("channel_ranges") else ""
    return {
        "images": f"{images['height']} x {images['width']}, {colours}, {values}",
        "networks": f"{networks['kind']}, width {networks['width']}",
    }


def _find_changed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that differ from the default, except the seed, which has a row of its own."""
    from ganaug import GANAugmenter

    defaults = GANAugmenter().get_params()
    return {name: value for name, value in sorted(params.items()) if name != "random_state" and value != defaults[name]}


def _make_columns(facts: Mapping[str, Any]) -> Table:
    columns = facts["columns"]
    table = _new_table(f"{len(columns)} columns", "column", "kind", "known", "missing")
    for column in columns[:_MAX_ROWS]:
        missing = "yes" if column["missing"] else ""
        table.add_row(*map(_make_text, (column["name"], column["kind"], _summarise(column), missing)))
    return _count_others(table, len(columns))


def _make_rules(rules: Sequence[Mapping[str, Any]]) -> Table:
    table = _new_table(f"{len(rules)} rules between values, kept in every row", "if", "then", "only then")
    for rule in rules[:_MAX_ROWS]:
        ends = [f"{end['column']} is {_name_state(end)}" for end in (rule["if"], rule["then"])]
        table.add_row(*map(_make_text, (*ends, "yes" if rule["only"] else "")))
    return _count_others(table, len(rules))


def _name_state(state: Mapping[str, Any]) -> str:
    """Return the words for one value, a missing cell, or several values."""
    if "values" in state:
        return {"all others": "any other value", "rare ones": "one of its rare values"}[state["values"]]
    return "missing" if state["value"] is None else str(state["value"])


def _make_classes(facts: Mapping[str, Any]) -> Table:
    title = "classes" if facts["label"] is None else f"classes of {facts['label']}"
    table = _new_table(title, "class", "share", "diversity")
    for one in facts["classes"][:_MAX_ROWS]:
        share = f"{one['share']:.2%}" if one["share"] else "not learned"
        diversity = "" if one["diversity"] is None else f"{one['diversity']:.2f}"
        table.add_row(*map(_make_text, (one["label"], share, diversity)))
    return _count_others(table, len(facts["classes"]))


def _summarise(column: Mapping[str, Any]) -> str:
    """Return the range of a column, or its first categories."""
    kind = column["kind"]
    if kind in ("numeric", "datetime"):
        n = len(column.get("adds_up_with", ())) - 1
        return _summarise_range(column) + (f", adds up to {column['total']:g} with {n} others" if n > 0 else "")
    if kind == "identifier":
        return "not learned; fresh values of the same form"
    if kind == "calculated":
        return f"{column['min']} to {column['max']}, is {column['formula']}"
    if kind == "later":
        return f"{column['min']} to {column['max']}, not before {column['not_before']}"
    categories = column["categories"]
    if kind == "determined":
        bands = f" in {column['bands']} bands" if "bands" in column else ""
        return f"{len(categories)} values, follows {column['by']}{bands}"
    first = ", ".join(map(str, categories[:_MAX_CATEGORIES]))
    if kind == "constant":
        return first
    more = " ..." if len(categories) > _MAX_CATEGORIES else ""
    pooled = f"; {len(column['pooled'])} rare ones pooled" if column["pooled"] else ""
    if column["not_drawn"]:
        pooled += f"; {len(column['not_drawn'])} rare ones not drawn, as nothing is known beside them"
    if "decides" in column:
        pooled += f"; decides {column['decides']}"
    return f"{len(categories)} values: {first}{more}{pooled}"


def _summarise_range(column: Mapping[str, Any]) -> str:
    text = f"{column['min']} to {column['max']}"
    if digits := column["decimals"]:
        text += f", {digits} decimal{'s' if digits > 1 else ''}"
    if frequent := column["frequent"][:_MAX_FREQUENT]:
        text += f", often {', '.join(map(str, frequent))}"
    return text


def _new_table(title: str, *headers: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=_make_text(title), title_justify="left", box=box.SIMPLE_HEAD)
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _count_others(table: Table, n: int) -> Table:
    """Add a row that counts those of `n` that are not shown."""
    if n > _MAX_ROWS:
        table.add_row(_make_text(f"and {n - _MAX_ROWS} more (--json)"))
    return table


def _make_text(value: Any) -> Any:
    """Return the beginning of a text for rich, without markup and without commands for the terminal."""
    from rich.text import Text

    text = str(value)
    shown = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]} ..."
    return Text("".join(c if c.isprintable() else "?" for c in shown))
