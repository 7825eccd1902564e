"""Columns that name rows are found, and synthetic rows get fresh names of the same form."""

from __future__ import annotations

import json
import re
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from ganaug.table.identifiers import MAX_LENGTH, IdPattern, is_identifier

LARGEST = 2**63 - 1


def rng(seed=0):
    return np.random.default_rng(seed)


def texts(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def some_uuids(n):
    return [str(uuid.UUID(bytes=rng(i).bytes(16), version=4)) for i in range(n)]


FOUND = {
    "unique text": ("customer", texts([f"C{i:04d}" for i in range(50)])),
    "almost unique text": ("name", texts([f"n{i}" for i in range(99)] + ["n0"])),
    "dense keys": ("anything", rng().permutation(300)),
    "keys by name": ("customerID", np.arange(30) * 10**9),
    "keys by another name": ("row number", np.arange(30) * 10**9),
    "negative keys": ("id", np.arange(-60, -30)),
    "unsigned keys": ("key", np.arange(50, dtype=np.uint64) + 2**63),
}
NOT_FOUND = {
    "few rows": ("id", np.arange(19)),
    "repeated text": ("city", texts(["a", "b"] * 30)),
    "text repeated now and then": ("word", texts([f"n{i}" for i in range(90)] + ["n0"] * 10)),
    "mixture": ("x", texts([*range(30), "a"])),
    "measurements": ("salary", rng().choice(10**6, 60, replace=False)),
    "repeated numbers": ("id", np.repeat(np.arange(30), 2)),
    "floats": ("id", np.arange(30.0)),
    "booleans": ("id", np.arange(30) % 2 == 0),
}


@pytest.mark.parametrize(("name", "plain"), FOUND.values(), ids=FOUND)
def test_columns_that_name_rows_are_found(name, plain):
    assert is_identifier(name, plain, 2**64 - 1)


@pytest.mark.parametrize(("name", "plain"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_columns_that_measure_or_group_rows_are_not(name, plain):
    assert not is_identifier(name, plain, LARGEST)


@pytest.mark.parametrize(("dtype", "found"), [("int8", False), ("int16", False), ("int32", True), ("int64", True)])
def test_keys_are_identifiers_only_where_their_dtype_has_room_for_fresh_ones(dtype, found):
    assert is_identifier("id", np.arange(100), np.iinfo(dtype).max) is found


def test_text_that_is_no_word_for_a_key_is_not_taken_for_one():
    numbers = rng().choice(10**6, 30, replace=False)
    assert not any(is_identifier(name, numbers, LARGEST) for name in ("paid", "void", "humidity", "keyboard", "Piano"))
    assert all(is_identifier(name, numbers, LARGEST) for name in ("ID", "user_id", "user id", "userId", "PassengerId"))


FORMS = {
    "prefix and padding": ([f"C{i:04d}" for i in range(1, 892)], r"C\d{4}"),
    "prefix, no padding": ([f"C{i}" for i in range(1, 1001)], r"C[1-9]\d*"),
    "number inside": ([f"2024/{i}-x" for i in range(500)], r"2024/\d+-x"),
    "only digits": ([f"{i:08d}" for i in rng().integers(0, 10**8, 300)], r"\d{8}"),
    "more lines": ([f"a\n{i}" for i in range(40)], r"a\n\d+"),
    "uuid": (some_uuids(200), r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "hex": ([f"{i:06X}" for i in rng().integers(0, 16**6, 300)], r"[0-9A-F]{6}"),
    "plates": ([f"{a}{b}-{i:03d}" for i in range(20, 60) for a in "KLM" for b in "XYZ"], r"[A-Z]{2}-\d{3}"),
}


@pytest.mark.parametrize(("values", "pattern"), FORMS.values(), ids=FORMS)
def test_fresh_values_have_the_form_of_those_in_training(values, pattern):
    make_fresh = IdPattern.fit(texts(values), LARGEST).make_fresh(0, 500 if len(values) < 1000 else 3000)
    assert all(re.fullmatch(pattern, text) for text in make_fresh)
    assert not set(make_fresh) & set(values) and len(set(make_fresh)) == len(make_fresh)


@unhurried
@given(st.lists(st.one_of(st.text(max_size=4), st.from_regex("[ab]{2}", fullmatch=True)), min_size=1, max_size=60))
def test_fresh_text_is_unique_and_never_one_of_training(values):
    make_fresh = IdPattern.fit(texts(values), LARGEST).make_fresh(0, 400)
    assert len(set(make_fresh)) == 400
    assert not set(make_fresh) & set(values)


@unhurried
@given(st.lists(st.from_regex("(C|CC)?[0-9]{1,3}", fullmatch=True), min_size=1, max_size=60), st.integers(0, 3000))
def test_fresh_numbered_text_is_never_one_of_training_however_many_came_before(values, first):
    assert not set(IdPattern.fit(texts(values), LARGEST).make_fresh(first, 300)) & set(values)


def test_codes_that_run_out_grow_beyond_the_longest_of_training():
    values = [a + b for a in "abcde" for b in "abcde"] + ["aa1", "ab1", "zz1", "zz01"]
    form = IdPattern.fit(texts(values), LARGEST)
    make_fresh = form.make_fresh(0, 5000)
    assert form.style == "code" and len(make_fresh[0]) == 2 and min(map(len, make_fresh[676:])) == 5
    assert len(set(make_fresh)) == 5000 and not set(make_fresh) & set(values)


@unhurried
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1), st.integers(0, 10**7))
def test_fresh_whole_numbers_are_unique_and_never_one_of_training(values, first):
    make_fresh = IdPattern.fit(np.asarray(values), LARGEST).make_fresh(first, 300)
    assert len(set(make_fresh)) == 300 and not set(make_fresh) & set(values)


@pytest.mark.parametrize(("top", "largest"), [(2**31 - 10_000_001, 2**31 - 1), (2**63 - 10_000_001, 2**63 - 1)])
def test_fresh_whole_numbers_stay_inside_the_dtype(top, largest):
    values = np.asarray([top, top - 5])
    assert is_identifier("id", np.arange(top - 30, top), largest)
    assert (
        max(IdPattern.fit(values, largest).make_fresh(0, 10) + IdPattern.fit(values, largest).make_fresh(9_999_990, 5))
        <= largest
    )


def test_later_rows_go_on_where_earlier_ones_ended():
    form = IdPattern.fit(texts([f"{i:03X}" for i in range(0, 4096, 3)]), LARGEST)
    assert form.make_fresh(0, 30) == form.make_fresh(0, 7) + form.make_fresh(7, 23)


def test_names_get_a_number_behind_a_word_that_none_begins_with():
    names = ["Ann Lee", "Bo Smith-Jones", "synthetic-1", "synthetic--7", *("x" * n for n in range(1, 30))]
    assert IdPattern.fit(texts(names), LARGEST).make_fresh(0, 2) == ["synthetic---1", "synthetic---2"]


SECRETS = {
    "text": texts([f"K{i:06d}" for i in rng().integers(0, 10**6, 40)]),
    "codes": texts([f"{i:09X}" for i in rng().integers(0, 16**9, 40)]),
    "names": texts(["".join(rng(i).choice(list("abcdefgh"), 5 + i)) for i in range(40)]),
    "numbers": rng().integers(10**8, 10**9, 40),
}


@pytest.mark.parametrize("plain", SECRETS.values(), ids=SECRETS)
def test_what_is_kept_gives_no_identifier_of_training_away(plain):
    kept = json.dumps(IdPattern.fit(plain, LARGEST).to_json())
    numbers = {int(n) + step for n in re.findall(r"\d+", kept) for step in (-1, 0, 1)}
    for value in plain.tolist():
        assert str(value) not in kept
        digits = re.sub(r"\D", "", str(value))
        assert not digits or int(digits) not in numbers


@pytest.mark.parametrize("plain", SECRETS.values(), ids=SECRETS)
def test_what_was_learned_is_plain_json(plain):
    form = IdPattern.fit(plain, LARGEST)
    assert IdPattern.from_json(json.loads(json.dumps(form.to_json(), allow_nan=False))) == form


def test_the_neighbours_of_the_free_stretch_leave_no_trace():
    taken = [*range(100_000, 100_040), 600_000, *range(600_003, 600_050)]
    forms = {json.dumps(IdPattern.fit(np.array([*taken, n]), LARGEST).to_json()) for n in (100_041, 100_050, 100_099)}
    assert len(forms) == 1


@pytest.mark.parametrize("form", ["{:0200000d}", "{:01000d}", "x{:05000d}y", "{:04x}" * 2000, "A{:05d}"])
def test_a_form_that_was_learned_can_be_read_again_however_long_its_values(form):
    values = [form.format(*[i] * 2000) for i in range(30)] + ["x" * 150_000] * (form == "A{:05d}")
    learned = IdPattern.fit(np.array(values, dtype=object), 0)
    assert learned.width <= MAX_LENGTH
    assert IdPattern.from_json(learned.to_json()) == learned
    assert not set(learned.make_fresh(0, 5)) & set(values)
