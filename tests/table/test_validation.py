"""Schemas that nobody's fit has written are refused when they are read, and not in the middle of a sample."""

from __future__ import annotations

import copy
import json
import time

import numpy as np
import pandas as pd
import pytest

from ganaug import DataError
from ganaug.data.dtypes import MAX_TEXT
from ganaug.rng import numpy_stream
from ganaug.table.encoder import TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.DataWarning")

NUMBER, CATEGORY, IDENTIFIER, TOWN, COUNTRY, CONSTANT = range(6)
OBJECT = {"dtype": "object", "missing": "nan"}


def schema_of(X):
    return json.loads(json.dumps(TableEncoder().fit(X, numpy_stream(0)).to_json(), allow_nan=False))


@pytest.fixture(scope="module")
def sound():
    rng = np.random.default_rng(0)
    town = rng.choice(["Bern", "Oslo", "Rome"], 200)
    frame = {
        "number": rng.normal(size=200).round(2),
        "letter": rng.choice(list("abc"), 200),
        "id": np.arange(200) * 3 + 1000,
        "town": town,
        "country": [{"Bern": "CH", "Oslo": "NO", "Rome": "IT"}[name] for name in town],
        "one": "one",
    }
    schema = schema_of(pd.DataFrame(frame))
    kinds = ["numeric", "category", "identifier", "category", "determined", "constant"]
    assert [column["kind"] for column in schema["columns"]] == kinds
    return schema


def column(place, dtype=None, **facts):
    """A change of what is known of one column."""

    def change(schema):
        schema["columns"][place].update(facts)
        schema["dtypes"][place] = dtype or schema["dtypes"][place]

    return change


def form(dtype=None, **facts):
    def change(schema):
        schema["columns"][IDENTIFIER]["form"].update(facts)
        schema["dtypes"][IDENTIFIER] = dtype or schema["dtypes"][IDENTIFIER]

    return change


LETTERS = {"dtype": "category", "ordered": False, "categories": ["a", "b"], "inner": OBJECT}
POOLED = {"counts": [1, 1, 1], "own": 0}
FORGED = {
    "identifiers beyond 64 bits": (form(beyond="1" + "0" * 30), "too (large|big)"),
    "identifiers that begin beyond 64 bits": (form(start="1" + "0" * 30), "too (large|big)"),
    "identifiers that leave 64 bits after some millions": (form(start=str(2**63 - 10**6), room="9" * 20), "too .*"),
    "identifiers that their dtype cannot hold": (form({"dtype": "Int8"}), "int8"),
    "identifiers that their dtype would wrap": (form({"dtype": "int8"}), "'id' has whole numbers outside its dtype"),
    "identifiers of more digits than can be spelled": (
        form({"dtype": "object"}, style="numbered", parts=["", ""], room="0", beyond="9" * 4300),
        "limit .*4300",
    ),
    "identifiers of no room": (form(room="-1"), "an invalid pattern"),
    "pooled text among whole numbers": (column(CATEGORY, {"dtype": "int64"}, values=[1, 2, "x"], **POOLED), "invalid"),
    "pooled text that no category lists": (column(CATEGORY, LETTERS, values=["a", "b", "x"], **POOLED), "x"),
    "pooled numbers outside their dtype": (
        column(CATEGORY, {"dtype": "int8"}, values=[1, 2, 1000], **POOLED),
        "'letter' has whole numbers outside its dtype",
    ),
    "a look-up of text among numbers": (column(COUNTRY, {"dtype": "int64"}, values=[1, 2, "x"]), "invalid"),
    "a look-up that is too short": (column(COUNTRY, values=["CH"]), "does not fit the one that determines it"),
    "numbers outside their dtype": (
        column(NUMBER, {"dtype": "int8"}, step=1, base=999, limits=[999, 2000], decimals=None),
        "'number' has whole numbers outside its dtype",
    ),
    "a name twice": (lambda schema: schema["names"].__setitem__(0, "letter"), "columns, names and dtypes differ"),
    "a name that is a fraction": (lambda schema: schema["names"].__setitem__(0, 0.5), "neither text nor a whole"),
    "text in an array of numbers": (
        lambda schema: schema.update(container={"kind": "array", "dtype": "float64"}),
        "could not convert",
    ),
}
COSTLY = {
    "15,000 states": (
        column(CATEGORY, {"dtype": "int64"}, values=[*range(15_000)], counts=[1] * 15_000, own=15_000),
        "<= 100 - at `[$].own`",
    ),
    "10,000 spikes": (column(NUMBER, spikes=[*range(10_000)]), "length <= 100 - at `[$].spikes`"),
    "identifiers of 100,000 digits": (form(width=100_000), "<= 1000 - at `[$].width`"),
    "identifiers of 2,000 places": (form(style="code", parts=["ab"] * 2000), "length <= 1000 - at `[$].parts`"),
    "identifiers of 10,000,000 characters": (
        form({"dtype": "object"}, style="numbered", parts=["x" * 10**7, ""]),
        "longer than 1000 characters",
    ),
    "a constant like a book": (column(CONSTANT, OBJECT, values=["x" * 10**6]), "of 1,000,000 characters"),
    "a category like a book": (column(CATEGORY, values=["a", "b", "x" * 10**6]), "of 1,000,000 characters"),
    "a category nobody has like a book": (column(CATEGORY, LETTERS | {"categories": ["x" * 10**6]}), "of 1,000,000"),
}


@pytest.mark.promise("forged")
@pytest.mark.parametrize(("change", "complaint"), [*FORGED.values(), *COSTLY.values()], ids=[*FORGED, *COSTLY])
def test_a_forged_schema_is_refused_at_once(sound, change, complaint):
    forged = copy.deepcopy(sound)
    change(forged)
    started = time.process_time()
    with pytest.raises(Exception, match=complaint):
        TableEncoder.from_json(forged)
    assert time.process_time() - started < 1


def test_a_sound_schema_is_read(sound):
    """Or the forged ones would prove nothing."""
    assert TableEncoder.from_json(copy.deepcopy(sound)).to_json() == sound


def test_thousands_of_columns_are_read():
    rng = np.random.default_rng(0)
    schema = schema_of(pd.DataFrame(rng.normal(size=(60, 2000))))
    assert len(TableEncoder.from_json(schema).columns) == 2000


@pytest.mark.parametrize("n", [MAX_TEXT, MAX_TEXT + 1])
@pytest.mark.parametrize("kept", ["category", "constant", "listed"])
def test_what_may_be_kept_can_be_fitted_and_read(n, kept):
    texts = ["x" * n, *("ab" if kept == "category" else [])]
    cells = pd.Series([texts[i % len(texts)] for i in range(90)], dtype=object)
    if kept == "listed":
        cells = pd.Series(pd.Categorical(["a", "b"] * 45, categories=["a", "b", *texts]))
    frame = pd.DataFrame({"long": cells, "number": np.random.default_rng(0).normal(size=90)})
    if n > MAX_TEXT:
        with pytest.raises(DataError, match=r"^Column 'long' holds the text 'x+'\.\.\. of 100,001 .* leave the column"):
            schema_of(frame)
    else:
        TableEncoder.from_json(schema_of(frame))


def test_a_long_text_among_rare_ones_is_not_remembered():
    notes = [*(["none"] * 60), *(f"note {i}" for i in range(20)), "x" * (MAX_TEXT + 1)]
    frame = pd.DataFrame({"notes": pd.Series(notes, dtype=object), "number": np.arange(81) ** 0.5})
    encoder = TableEncoder().fit(frame, numpy_stream(0))
    assert encoder.columns[0].pooled and max(map(len, encoder.columns[0].values)) < 10
    assert len(encoder.transform(frame, numpy_stream(0))) == 81


def test_long_texts_that_name_rows_are_fitted_and_read():
    texts = [f"{'so ' * 50_000}it goes, {i} times" for i in range(40)]
    frame = pd.DataFrame({"novel": texts, "number": np.random.default_rng(0).normal(size=40)})
    schema = schema_of(frame)
    assert TableEncoder.from_json(schema).columns[0].make_fresh(0, 1)[0].tolist() == ["synthetic-1"]
