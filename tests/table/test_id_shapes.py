"""New names, addresses and other texts have the shape of those in training, and are none of them."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from ganaug.table.id_shapes import IdShapes, fit_identifier, form_from_json


def texts(values):
    return np.array(values, dtype=object)


def combine(form, *parts):
    """Every combination of parts, in a form."""
    return sorted({form.format(*some) for some in product(*parts)})


FIRST, LAST = ("Owen", "Laina", "Timothy", "Anna", "William"), ("Braund", "Heikkinen", "Allen", "Moran", "McCarthy")
NAMES = [*combine("{1}, Mr. {0}", FIRST, LAST), *combine("{1}, Miss. {0} J.", FIRST[1:2] + FIRST[3:4], LAST)]
MAILS = combine("{}.{}@{}.com", ("anna", "bob", "carl", "dora"), ("meier", "huber", "li"), ("gmail",))
WORDS = ("never", "gonna", "give", "you", "up", "And", "let")
LINES = [" ".join(np.random.default_rng(i).choice(WORDS, 3 + i % 9)) + f" {i}a" for i in range(40)]
RUSSIAN = combine("{}{}{}ов", "АБВГДЕ", "аеиоу", ("л", "мн", "тров"))
KINDS = {
    "names with titles": (NAMES, r"[A-Z][a-z]+, (Mr\. [A-Z][a-z]+|Miss\. [A-Z][a-z]+ J\.)"),
    "addresses": (MAILS, r"[a-z]+\.[a-z]+@gmail\.com"),
    "first names": (combine("{}{}nn{}", "ABCDEFGH", "aeiou", ("", "a", "ie")), "[A-Z][a-z]+"),
    "lines of songs": (LINES, r"[A-Za-z0-9]+( [A-Za-z0-9]+)+"),
    "Russian names": (RUSSIAN, "[А-Я][а-я]+"),
    "places": (
        combine("{}-{}", ("Saint", "Bad", "New", "Old"), ("Mary", "Ems", "York", "A")),
        "[A-Z][a-z]+-[A-Z][a-z]+",
    ),
}


@pytest.mark.promise("no training row")
@pytest.mark.parametrize(("values", "shape"), KINDS.values(), ids=KINDS)
def test_new_texts_have_the_shape_of_the_others(values, shape):
    values = sorted(set(values))
    form = fit_identifier(texts(values), 0)
    assert isinstance(form, IdShapes)
    made = form.make_fresh(0, 2000)
    assert len(set(made)) == 2000 and not set(made) & set(values)
    assert all(re.fullmatch(shape, text) for text in made), [t for t in made if not re.fullmatch(shape, t)][:5]
    assert made == form.make_fresh(0, 7) + form.make_fresh(7, 1993)
    assert form_from_json(json.loads(json.dumps(form.to_json()))) == form


@pytest.mark.promise("no training row")
@pytest.mark.parametrize("values", [NAMES, MAILS, LINES, RUSSIAN], ids=["names", "mails", "lines", "Russian"])
def test_no_text_of_training_is_kept(values):
    kept = json.dumps(fit_identifier(texts(sorted(set(values))), 0).to_json(), ensure_ascii=False)
    words = {word for value in values for word in re.findall(r"\w{4,}", value)}
    assert not [word for word in words if word in kept and word not in ("gmail", "Miss")]


@pytest.mark.promise("no training row")
@unhurried
@given(st.lists(st.text(min_size=1, max_size=30), min_size=20, max_size=60, unique=True))
def test_any_texts_get_new_ones_that_differ_from_them_and_from_each_other(values):
    form = fit_identifier(texts(values), 0)
    made = form.make_fresh(0, 300) + form.make_fresh(9_999_990, 5)
    assert len(set(made)) == 305 and not set(made) & set(values)
    assert form_from_json(json.loads(json.dumps(form.to_json()))) == form


FORGED = {
    "a turn of no pattern": {"turns": [0, 7]},
    "no turn": {"turns": []},
    "no pattern": {"patterns": []},
    "turns that are no numbers": {"turns": ["0"]},
}


@pytest.mark.parametrize("facts", FORGED.values(), ids=FORGED)
def test_forged_shapes_are_refused_when_they_are_read(facts):
    sound = fit_identifier(texts(sorted(set(NAMES))), 0).to_json()
    with pytest.raises((ValueError, TypeError)):
        form_from_json(sound | facts)
