"""Describe the schema of a table in words and values that a user knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..data.dtype_facts import count_units_per_day
from ..data.dtypes import as_plain, restore
from .columns import Category, Number
from .followers import Later
from .kinds import Column, column_from_json

Json = Any


def describe_table(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the columns of a learned table, and those that are not learned, as plain JSON.

    Parameters
    ----------
    schema : mapping
        Schema of a fitted `TableEncoder`, from its `to_json`.

    Returns
    -------
    dict
        "columns", a list with one dict per column (see `GANAugmenter.describe`); "rules", a list of dicts with "if",
        "then" and "only"; and "left_out", a list of dicts with the "name" of a column and the "reason": "identifier" or
        "excluded".
    """
    names = schema["names"]
    known = zip(names, schema["columns"], schema["dtypes"], strict=True)
    columns = [
        {"name": name, "dtype": dtype["dtype"], **_describe(column, dtype, names)} for name, column, dtype in known
    ]
    identifiers = [column["name"] for column in columns if column["kind"] == "identifier"]
    learned = set(names)
    order = schema["container"].get("attrs", {}).get("column_order", [])
    excluded = [name for name in order if name not in learned]
    left_out = [{"name": name, "reason": "identifier"} for name in identifiers]
    left_out += [{"name": name, "reason": "excluded"} for name in excluded]
    return {"columns": columns, "rules": _describe_rules(schema), "left_out": left_out}


def _describe_rules(schema: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Return each tie: the state of one column that decides that of another, and whether it is alone in doing so."""
    if not schema.get("ties"):
        return []
    states = [
        {"column": name, **state}
        for name, facts, dtype in zip(schema["names"], schema["columns"], schema["dtypes"], strict=True)
        for state in _list_states(column_from_json(facts), dtype, schema["names"])
    ]
    return [{"if": states[a], "then": states[b], "only": only} for a, b, only in schema["ties"]]


def _list_states(column: Column, dtype: Mapping[str, Json], names: Sequence[Json]) -> list[dict[str, Json]]:
    """Return the states of a column in their order: a value, None for missing, or which of its values share one."""
    if isinstance(column, Later):
        per_day, of = count_units_per_day(dict(dtype)), names[column.by]
        gaps = [f"{pd.Timedelta(gap / per_day, 'D')} after {of}" for gap in column.gap.spikes]
        others = [{"values": "all others"}] * column.has_score
        return [*others, *({"value": gap} for gap in gaps), *([{"value": None}] * column.missing)] * bool(
            column.n_states
        )
    if not isinstance(column, Category | Number) or not column.n_states:
        return []
    values: Sequence[Json] = column.spikes if isinstance(column, Number) else column.values[: column.own]
    regular = [{"values": "all others"}] if column.has_score else []
    pool = [{"values": "rare ones"}] if isinstance(column, Category) and column.pooled else []
    missing = [{"value": None}] if column.missing else []
    return [*regular, *({"value": value} for value in _readable(values, dtype)), *pool, *missing]


def _describe(column: Mapping[str, Json], dtype: Mapping[str, Json], names: Sequence[Json]) -> dict[str, Json]:
    """Return the kind of a column, whether cells were missing, and its range or categories."""
    facts: dict[str, Json] = {"kind": column["kind"], "missing": bool(column.get("missing", False))}
    if facts["kind"] == "identifier":
        return facts
    if facts["kind"] == "calculated":
        low, high = _readable(column["limits"], dtype)
        by = [names[i] for i in column["by"]]
        return facts | {
            "min": low,
            "max": high,
            "decimals": column["decimals"],
            "by": by,
            "formula": write_formula(column, names),
        }
    if facts["kind"] == "later":
        low, high = _readable(column["limits"], dtype)
        missing = bool(column["gap"]["missing"])
        return facts | {"missing": missing, "min": low, "max": high, "not_before": names[column["by"]]}
    if facts["kind"] in ("numeric", "datetime"):
        low, high = _readable(column["limits"], dtype)
        frequent = _readable(column["spikes"], dtype)
        facts |= {"min": low, "max": high, "decimals": column["decimals"], "frequent": frequent}
        shares = [names[i] for i in column.get("shares", [])]
        return facts | ({"adds_up_with": shares, "total": column["total"]} if shares else {})
    values = [value for value in column["values"] if value is not None]
    facts["missing"] = facts["missing"] or len(values) < len(column["values"]) or not values
    if facts["kind"] == "determined":
        # a look-up, in which the same value may stand many times
        distinct = {(type(value), value): value for value in values}
        facts |= {"categories": _readable(list(distinct.values()), dtype), "by": names[column["by"]]}
        return facts if column.get("edges") is None else facts | {"bands": len(column["edges"]) + 1}
    categories = _readable(values, dtype)
    facts["categories"] = categories
    if "own" in column:
        drawn = [value for value, count in zip(categories, column["counts"], strict=True) if count]
        facts["pooled"] = [value for value in categories[column["own"] :] if value in drawn]
        facts["not_drawn"] = [value for value in categories if value not in drawn]
    if column.get("within") is not None:
        facts["decides"] = names[column["within"]]
    return facts


def write_formula(column: Mapping[str, Json], names: Sequence[Json]) -> str:
    """Return the formula of a calculated column as text, such as "2.54 * inches + 1"."""
    by = [str(names[i]) for i in column["by"]]
    if column["form"] == "power":
        return f"{column['offset']:.15g} * {by[0]} ** {column['factors'][0]:.15g}"
    if column["form"] != "sum":
        return f" {'*' if column['form'] == 'product' else '/'} ".join(by)
    parts = [
        name if factor == 1 else f"{factor:.15g} * {name}" for name, factor in zip(by, column["factors"], strict=True)
    ]
    offset = column["offset"]
    return " + ".join(parts) + (f" {'+' if offset > 0 else '-'} {abs(offset):.15g}" if offset else "")


def _readable(values: Sequence[Json], dtype: Mapping[str, Json]) -> list[Json]:
    """Return values as JSON, dates and durations as text; the schema holds these as integers."""
    dtype = dtype.get("inner", dtype)
    if not values or pd.api.types.pandas_dtype(dtype["dtype"]).kind not in "mM":
        return list(values)
    moments = restore(as_plain(list(values)), np.zeros(len(values), dtype=bool), dict(dtype))
    return [str(moment).removesuffix(" 00:00:00") for moment in moments]
