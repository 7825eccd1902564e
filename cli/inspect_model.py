"""``ganaug inspect``: what a model knows; nothing is sampled or run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sized
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from .folders import COLOURS, is_of_images
from .front import debug_option
from .places import PLACE

if TYPE_CHECKING:
    from rich.table import Table

    from ganaug import GANAugmenter

EXAMPLE = """\b
Example:
  ganaug inspect loans.safetensors"""

_SHOWN_VALUES = 6
_SHOWN_SPIKES = 3
_SHOWN_ROWS = 50  # of columns and of classes; there may be as many as a file can hold
_SHOWN_TEXT = 500


@click.command("inspect", epilog=EXAMPLE)
@click.argument("model", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="For machines: everything, as one JSON object.")
@debug_option
def inspect_model(model: str, as_json: bool) -> None:
    """Show what a model knows: columns or images, classes, training, filters, origin."""
    from ganaug import GanaugError, ModelFileError

    try:
        facts = model_facts(model, None if as_json else _SHOWN_ROWS)
        shown = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) if as_json else _tables(facts)
    except GanaugError:
        raise
    except Exception as error:  # a forged file can be loaded and still say what nobody can show
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


def model_facts(path: str, most: int | None = None) -> dict[str, Any]:
    """Return everything there is to say of a model, as plain JSON.

    Parameters
    ----------
    path : str
        A model file; its checksum is verified.
    most : int, optional
        Columns and classes to tell of, and then only what is to be shown of them; ``more`` counts the others.

    Returns
    -------
    dict
        ``file``, ``ganaug_version``, ``format_version``, ``modality``, ``rows``, ``label``, ``classes``, ``columns`` of
        a table or ``images``, ``networks``, ``steps``, ``seconds``, ``seed``, ``held_out_rows``, ``held_out_scores``,
        ``filters`` and ``params``.
    """
    from safetensors import safe_open

    from ganaug import GANAugmenter

    augmenter = GANAugmenter.load(path)
    with safe_open(path, framework="np") as file:  # what `load` has checked a moment ago
        metadata = json.loads(file.metadata()["ganaug"])
    model, facts = augmenter.model_, augmenter.model_.facts
    columns = () if is_of_images(augmenter) else augmenter.schema_["names"]
    more = {"columns": _beyond(columns, most), "classes": _beyond(model.labels.values, most)}
    return {
        "file": path,
        "ganaug_version": metadata["ganaug_version"],
        "format_version": metadata["format_version"],
        "modality": model.modality.name,
        "rows": facts["n_rows"],
        "label": model.labels.container.get("name"),
        "classes": _class_facts(augmenter)[:most],
        **_kind_facts(augmenter, most),
        "networks": asdict(model.architecture),
        "steps": len(model.history),
        "seconds": facts["seconds"],
        "seed": facts["seed"],
        "held_out_rows": facts["held_out"],
        "held_out_scores": facts["scores"] if facts["held_out"] else [],
        "filters": facts["filters"],
        "params": facts.get("params", {}),
        **({} if most is None else {"more": more}),
    }


def _beyond(values: Sized, most: int | None) -> int:
    return 0 if most is None else max(0, len(values) - most)


def _class_facts(augmenter: GANAugmenter) -> list[dict[str, Any]]:
    pairs = zip(augmenter.model_.labels.values, augmenter.class_prior_.tolist(), strict=True)
    return [
        {"label": label, "share": share, "diversity": augmenter.diversity_.get(str(label))} for label, share in pairs
    ]


def _kind_facts(augmenter: GANAugmenter, most: int | None) -> dict[str, Any]:
    """Return what is particular to a kind of data."""
    if is_of_images(augmenter):
        return {"images": augmenter.schema_}
    return {"columns": _column_facts(augmenter.schema_, most)}


def _column_facts(schema: Mapping[str, Any], most: int | None) -> list[dict[str, Any]]:
    names, brief = schema["names"], most is not None
    known = islice(zip(names, schema["columns"], schema["dtypes"], strict=True), most)
    return [{"name": n, "dtype": d["dtype"]} | _known_of(c, d["dtype"], names, brief) for n, c, d in known]


def _known_of(column: Mapping[str, Any], dtype: str, names: list[Any], brief: bool) -> dict[str, Any]:
    """Return what is known of a column: its kind, and range, values, or where it comes from."""
    kind = column["kind"]
    facts: dict[str, Any] = {"kind": kind, "missing": bool(column.get("missing", False))}
    if kind in ("numeric", "datetime"):
        low, high = (_moment(value, dtype) for value in column["limits"])
        spikes = [_moment(value, dtype) for value in column["spikes"][: _SHOWN_SPIKES if brief else None]]
        return facts | {"min": low, "max": high, "decimals": column["decimals"], "frequent": spikes}
    if kind == "determined":
        values = {json.dumps(value) for value in column["values"] if value is not None}
        return facts | {"missing": None in column["values"], "values": len(values), "by": names[column["by"]]}
    if kind == "identifier":
        return facts
    shown = [_moment(value, dtype) for value in column["values"][:_SHOWN_VALUES]]
    gone = facts["missing"] or not column["values"]
    facts |= {"missing": gone, "values": len(column["values"]), "such_as": shown}
    if "own" in column:  # what shares a state, and is in the file all the same
        pooled = column["values"][column["own"] :]
        facts["pooled"] = pooled if brief else [_moment(value, dtype) for value in pooled]  # counted, but not shown
    return facts


def _moment(value: Any, dtype: str) -> Any:
    """Return a date or duration as text; it is kept as an integer in the unit of its dtype."""
    if not dtype.startswith(("datetime64", "timedelta64")):
        return value
    import pandas as pd

    unit = dtype.split("[")[1].split("]")[0].split(",")[0]
    kind = "datetime64" if dtype.startswith("datetime64") else "timedelta64"
    return str(pd.Series([value]).astype(f"{kind}[{unit}]").iloc[0]).removesuffix(" 00:00:00")


def _tables(facts: Mapping[str, Any]) -> list[Table]:
    return [_origin(facts), *([_columns(facts)] if "columns" in facts else []), _classes(facts)]


def _origin(facts: Mapping[str, Any]) -> Table:
    table = _table(facts["file"], "", "")
    best = max((score for _, score in facts["held_out_scores"]), default=None)
    strengths = ", ".join(f"{name} at {value:g}" for name, value in facts["filters"]["strengths"].items())
    kind, what = (_image_rows(facts), "images") if "images" in facts else ({}, "rows")
    rows = {
        "kind of data": facts["modality"],
        **kind,
        f"training {what}": f"{facts['rows']}, {facts['held_out_rows']} of them held out",
        "training": f"{facts['steps']} steps in {facts['seconds']:.0f} s, seed {facts['seed']}",
        "held-out score": f"too few {what} to hold any out" if best is None else f"{best:.3f}",
        "filters": strengths or "none",
        "written by": f"ganaug {facts['ganaug_version']}, file format {facts['format_version']}",
        "options": ", ".join(f"{name}={value}" for name, value in _changed(facts["params"]).items()) or "defaults",
    }
    for name, text in rows.items():
        table.add_row(_plain(name), _plain(text))
    table.show_header = False
    return table


def _image_rows(facts: Mapping[str, Any]) -> dict[str, str]:
    images, networks = facts["images"], facts["networks"]
    colours = COLOURS.get(images["channels"], f"{images['channels']} channels")
    values = f"{images['dtype']} from {images['low']} to {images['high']}"
    return {
        "images": f"{images['height']} x {images['width']}, {colours}, {values}",
        "networks": f"{networks['kind']}, width {networks['width']}",
    }


def _changed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not the default; the seed is told elsewhere."""
    from ganaug import GANAugmenter

    defaults = GANAugmenter().get_params()
    return {name: value for name, value in sorted(params.items()) if name != "random_state" and value != defaults[name]}


def _columns(facts: Mapping[str, Any]) -> Table:
    more = facts["more"]["columns"]
    table = _table(f"{len(facts['columns']) + more} columns", "column", "kind", "known", "missing")
    for column in facts["columns"]:
        missing = "yes" if column["missing"] else ""
        table.add_row(*map(_plain, (column["name"], column["kind"], _in_words(column), missing)))
    return _with_others(table, more)


def _classes(facts: Mapping[str, Any]) -> Table:
    title = "classes" if facts["label"] is None else f"classes of {facts['label']}"
    table = _table(title, "class", "share", "diversity")
    for one in facts["classes"]:
        diversity = "" if one["diversity"] is None else f"{one['diversity']:.2f}"
        table.add_row(*map(_plain, (one["label"], f"{one['share']:.2%}" if one["share"] else "not learned", diversity)))
    return _with_others(table, facts["more"]["classes"])


def _in_words(column: Mapping[str, Any]) -> str:
    kind = column["kind"]
    if kind in ("numeric", "datetime"):
        digits = column["decimals"]
        decimals = f", {digits} decimal{'s' if digits > 1 else ''}" if digits else ""
        often = f", often {', '.join(map(str, column['frequent'][:3]))}" if column["frequent"] else ""
        return f"{column['min']} to {column['max']}{decimals}{often}"
    if kind == "identifier":
        return "not learned; fresh values of the same form"
    if kind == "determined":
        return f"{column['values']} values, follows {column['by']}"
    such_as = ", ".join(map(str, column["such_as"]))
    if kind == "constant":
        return such_as
    more = " ..." if column["values"] > len(column["such_as"]) else ""
    pooled = f"; {len(column['pooled'])} rare ones pooled" if column["pooled"] else ""
    return f"{column['values']} values: {such_as}{more}{pooled}"


def _table(title: str, *headers: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=_plain(title), title_justify="left", box=box.SIMPLE_HEAD)
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _with_others(table: Table, more: int) -> Table:
    """Say in the last row how many are not shown."""
    if more:
        table.add_row(_plain(f"and {more} more (--json)"))
    return table


def _plain(value: Any) -> Any:
    """Return text, or its beginning, as rich is to show it: brackets are no markup, control characters no commands."""
    from rich.text import Text

    text = str(value)
    shown = text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]} ..."
    return Text("".join(c if c.isprintable() else "?" for c in shown))
