"""Check constructor options against rules, and report every invalid one in a single error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from .errors import ParameterError
from .messages import suggest


class Rule(NamedTuple):
    """Description of the allowed values, to follow "must be", and the test for them."""

    text: str
    allows: Callable[[Any], bool]


def integer(low: int, high: int | None = None) -> Rule:
    """Return the rule: a whole number from `low` to `high`."""
    text = f"an integer from {low} to {high}" if high is not None else f"an integer of at least {low}"
    return Rule(text, lambda v: _is_number(v, Integral) and low <= v and (high is None or v <= high))


def real(low: float, high: float = np.inf, inclusive: bool = False) -> Rule:
    """Return the rule: a finite number above `low`, or `low` itself where that is `inclusive`; at most `high`."""
    text = f"a number {'of at least' if inclusive else 'above'} {low:g}"
    text += f" and at most {high:g}" if np.isfinite(high) else ""

    def allows(v: Any) -> bool:
        return _is_number(v, Real) and bool(np.isfinite(v)) and (low < v <= high or (inclusive and v == low))

    return Rule(text, allows)


def choice(*values: Any) -> Rule:
    """Return the rule: one of the `values`."""
    return Rule(" or ".join(map(repr, values)), lambda v: any(type(v) is type(a) and v == a for a in values))


def instance(text: str, *types: type) -> Rule:
    """Return the rule: an instance of one of the `types`, described by `text`."""
    return Rule(text, lambda v: isinstance(v, types) and not isinstance(v, str))


def function(text: str) -> Rule:
    """Return the rule: something that can be called, described by `text`."""
    return Rule(text, callable)


def either(*rules: Rule) -> Rule:
    """Return the rule: at least one of `rules` holds."""
    return Rule(", or ".join(rule.text for rule in rules), lambda v: any(rule.allows(v) for rule in rules))


def check_params(owner: str, params: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Raise one ParameterError that names every option with an invalid value.

    Parameters
    ----------
    owner : str
        Name of the class, for the message.
    params : mapping
        Options and their values.
    rules : mapping
        The rule for each option.

    Raises
    ------
    ParameterError
        In scikit-learn's words: "The 'x' parameter of Owner must be <rule>. Got <value> instead."
    """
    faults = [
        f"The {name!r} parameter of {owner} must be {rules[name].text}. Got {value!r} instead."
        f"{_suggest_value(rules[name], value)}"
        for name, value in params.items()
        if not _is_allowed(rules[name], value)
    ]
    if faults:
        raise ParameterError("\n".join(faults))


def _is_allowed(rule: Rule, value: Any) -> bool:
    try:
        return bool(rule.allows(value))
    except (TypeError, ValueError):  # a value that cannot even be compared
        return False


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool | np.bool_)


def _suggest_value(rule: Rule, value: Any) -> str:
    """Return " Did you mean 'x'?" for a misspelt name, "" if no name is close."""
    known = [word.strip("'") for word in rule.text.replace(",", " ").split() if word.startswith("'")]
    guess = suggest(value, known)
    return f" {guess[0].upper()}{guess[1:]}" if guess else ""
