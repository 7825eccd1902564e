"""Say in a few lines what a model learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..messages import join_names
from ..metrics import COLLAPSED
from ..plots.text import format_count, pluralize, show_name

Json = Any

_MOST_NAMES = 8  # of classes and columns in one line


def write_headline(described: Mapping[str, Json]) -> str:
    """Return one line on what a model learned from, and how long.

    Parameters
    ----------
    described : mapping
        Output of `GANAugmenter.describe`.
    """
    learned = sum(1 for one in described["classes"] if one["share"])
    seconds = described["seconds"]
    took = f"{seconds:.1f} s" if seconds < 10 else pluralize(round(seconds), "second")
    unit = "image" if "images" in described else "row"
    return (
        f"Learned from {pluralize(described['rows'], unit)} of {pluralize(learned, 'class', 'classes')} in {took} "
        f"({pluralize(described['steps'], 'step')})"
    )


def list_facts(described: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return what a model learned, as pairs of a term and a text.

    Parameters
    ----------
    described : mapping
        Output of `GANAugmenter.describe`.
    """
    facts = {
        "classes": _list_classes(described["classes"]),
        **_describe_columns(described),
        **_describe_images(described),
        "held out": _describe_judging(described),
        "filters": ", ".join(name.replace("_", " ") for name in described["filters"]["strengths"]) or "none",
        "collapsed": _list_collapsed(described["classes"]),
    }
    return [(term, text) for term, text in facts.items() if text]


def _name(value: Json) -> str:
    return show_name(str(value), 30)


def _list_classes(classes: Sequence[Mapping[str, Json]]) -> str:
    """Return the classes with their rows, the largest first."""
    known = sorted((one for one in classes if one["share"]), key=lambda one: -one["rows"])
    listed = join_names(known, _MOST_NAMES, lambda one: f"{_name(one['label'])} ({format_count(one['rows'])})")
    skipped = [one["label"] for one in classes if not one["share"]]
    return listed + (f"; too rare to learn: {join_names(skipped, _MOST_NAMES, _name)}" if skipped else "")


def _describe_columns(described: Mapping[str, Json]) -> dict[str, str]:
    columns = described.get("columns")
    if columns is None:
        return {}
    kinds = Counter(column["kind"] for column in columns)
    gaps = [column["name"] for column in columns if column["missing"]]
    left_out = [one for one in described["left_out"] if one["name"] not in ("", None)]
    return {
        "columns": f"{format_count(len(columns))} ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})",
        "missing cells in": join_names(gaps, _MOST_NAMES, _name),
        "kept exactly": _describe_relations(columns, described["rules"]),
        "not learned": join_names(left_out, _MOST_NAMES, lambda one: f"{_name(one['name'])} ({one['reason']})"),
    }


def _describe_relations(columns: Sequence[Mapping[str, Json]], rules: Sequence[Json]) -> str:
    """Return the columns that follow from others, and the number of rules between values."""
    follows = [
        f"{_name(column['name'])} = {show_name(column['formula'], 50)}"
        if "formula" in column
        else f"{_name(column['name'])} by {_name(column['by'])}"
        if "by" in column
        else f"{_name(column['name'])} not before {_name(column['not_before'])}"
        for column in columns
        if {"by", "not_before"} & set(column)
    ]
    totals = {tuple(column["adds_up_with"]): column["total"] for column in columns if "adds_up_with" in column}
    follows += [f"{' + '.join(map(_name, names))} = {total:g}" for names, total in totals.items()]
    told = [join_names(follows, _MOST_NAMES, str)] if follows else []
    return "; ".join([*told, *([pluralize(len(rules), "rule") + " between values"] if rules else [])])


def _describe_images(described: Mapping[str, Json]) -> dict[str, str]:
    images = described.get("images")
    if images is None:
        return {}
    colours = {1: "grey", 3: "colour", 4: "colour and transparency"}.get(
        images["channels"], f"{images['channels']} channels"
    )
    return {"images": f"{images['height']} × {images['width']}, {colours}"}


def _describe_judging(described: Mapping[str, Json]) -> str:
    """Return how many samples judged, and their best score."""
    scores = [tuple(pair) for pair in described["held_out_scores"]]
    if not scores:
        return "none, the data was too small"
    step, best = max(scores, key=lambda pair: pair[1])
    return f"{format_count(described['held_out_rows'])}; best score {best:.3f} at step {format_count(step)}"


def _list_collapsed(classes: Sequence[Mapping[str, Json]]) -> str:
    """Return the classes whose samples are far less diverse than the real ones."""
    found = [one for one in classes if one["diversity"] is not None and one["diversity"] < COLLAPSED]
    return join_names(found, _MOST_NAMES, lambda one: f"{_name(one['label'])} (diversity {one['diversity']:.2f} of 1)")
