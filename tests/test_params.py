"""An option is refused with its name, its rule and its value; all that are wrong at once."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ganaug import ParameterError
from ganaug.params import check_params, choice, either, function, instance, integer, real


def complaint(rule, value, name="knob"):
    with pytest.raises(ParameterError) as caught:
        check_params("Thing", {name: value}, {name: rule})
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "good", "bad", "text"),
    [
        (integer(2), [2, 10**30, np.int8(3)], [1, 2.0, True, np.True_, "2", None], "an integer of at least 2"),
        (integer(1, 9), [1, 9], [0, 10], "an integer from 1 to 9"),
        (real(0.0), [0.1, 3, np.float32(2)], [0.0, -1, np.inf, np.nan, "1", True, 1j], "a number above 0"),
        (real(0.0, 1.0), [1e-9, 1], [1.0001, 0], "a number above 0 and at most 1"),
        (real(0.0, inclusive=True), [0, 0.0, 5], [-1e-9, np.nan], "a number of at least 0"),
        (choice("auto", None), ["auto", None], ["Auto", 0, ["auto"], np.array(["auto"])], "'auto' or None"),
        (choice(False, True), [False, True], [0, 1, np.True_, "True"], "False or True"),
        (instance("a list", list), [[], [1]], ["text", (1,), None], "a list"),
        (instance("a box", str, list), [[]], ["text"], "a box"),
        (function("a function"), [len, lambda: 0], [1, "len"], "a function"),
        (either(choice("auto"), integer(1)), ["auto", 1], ["x", 0], "'auto', or an integer of at least 1"),
    ],
)
def test_rule_allows_and_says_what_it_allows(rule, good, bad, text):
    for value in good:
        check_params("Thing", {"knob": value}, {"knob": rule})
    for value in bad:
        expected = f"The 'knob' parameter of Thing must be {text}. Got {value!r} instead."
        assert complaint(rule, value).startswith(expected)


def test_all_faults_are_in_one_message_and_sound_options_are_not():
    rules = {"a": integer(1), "b": real(0.0), "c": choice("x")}
    with pytest.raises(ParameterError) as caught:
        check_params("Thing", {"a": 0, "b": 1.0, "c": "y"}, rules)
    lines = str(caught.value).splitlines()
    assert [re.match(r"The '(\w)' parameter", line)[1] for line in lines] == ["a", "c"]


def test_a_misspelt_name_gets_a_hint():
    rule = either(choice("relativistic", "hinge"), instance("a Loss", dict))
    assert complaint(rule, "relativistc").endswith("Did you mean 'relativistic'?")
    assert "Did you mean" not in complaint(rule, "nothing like it")
    assert "Did you mean" not in complaint(rule, 3)


def test_a_value_that_cannot_be_compared_is_refused_like_any_other():
    rule = either(choice("auto"), integer(1))._replace(allows=lambda v: v in {"auto"})
    assert "Got [[]] instead" in complaint(rule, [[]])


def test_parameter_error_is_a_value_error():
    assert issubclass(ParameterError, ValueError)
