"""Numbers within new identifiers stay within the range of the real ones."""

from __future__ import annotations

import ipaddress
import json
import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from ganaug.table.id_shapes import IdShapes, fit_identifier, form_from_json
from ganaug.table.id_slots import IdSlots, Range


def fit(texts):
    return fit_identifier(np.array(texts, dtype=object), 0)


def draw(form, n=200):
    rng = random.Random(0)
    return sorted({form(rng.randrange) for _ in range(n)})


def is_address(text):
    return str(ipaddress.ip_address(text)) == text


def is_network(text):
    address, bits = text.split("/")
    return is_address(address) and 8 <= int(bits) <= 32


def fits(form, *most):
    def check(text):
        found = re.fullmatch(form, text)
        return found is not None and all(int(n) <= limit for n, limit in zip(found.groups(), most, strict=True))

    return check


# A form of random numbers, and what it has to be, with the largest number of each group
KINDS = {
    "addresses": (lambda r: ".".join(str(r(256)) for _ in range(4)), is_address),
    "addresses of a network": (lambda r: f"192.168.{r(256)}.{r(1, 255)}", is_address),
    "hosts of a network": (lambda r: f"10.0.0.{r(1, 255)}", is_address),
    "networks": (lambda r: f"10.{r(256)}.{r(256)}.0/{r(8, 33)}", is_network),
    "ports": (
        lambda r: f"10.7.{r(256)}.{r(256)}:{r(1024, 65536)}",
        fits(r"10\.7\.(\d+)\.(\d+):(\d+)", 255, 255, 65535),
    ),
    "versions": (lambda r: f"v{r(12)}.{r(40)}.{r(200)}", fits(r"v(\d+)\.(\d+)\.(\d+)", 11, 39, 199)),
    "phones": (
        lambda r: f"({r(200, 1000)}) {r(200, 1000)}-{r(10000):04d}",
        fits(r"\(([2-9]\d\d)\) ([2-9]\d\d)-(\d{4})", 999, 999, 9999),
    ),
    "hardware": (lambda r: ":".join(f"{r(256):02x}" for _ in range(6)), fits("[0-9a-f]{2}(?::[0-9a-f]{2}){5}")),
    "angles": (lambda r: f"{r(90)}°{r(60)}'{r(60)}\"N", fits("(\\d+)°(\\d+)'(\\d+)\"N", 89, 59, 59)),
    "time codes": (
        lambda r: f"{r(24):02d}:{r(60):02d}:{r(60):02d}:{r(25):02d}",
        fits(r"(\d\d):(\d\d):(\d\d):(\d\d)", 23, 59, 59, 24),
    ),
    "places": (
        lambda r: f"({r(45, 48)}.{r(10**5):05d}, {r(5, 11)}.{r(10**5):05d})",
        fits(r"\((4[567])\.\d{5}, (\d+)\.\d{5}\)", 47, 10),
    ),
    "plates": (
        lambda r: f"{'B' if r(2) else 'HH'}-{'ABC'[r(3)]}{'DEF'[r(3)]} {r(1, 9999)}",
        fits(r"[A-Z]+-[A-Z]+ (\d+)", 9999),
    ),
}


@pytest.mark.promise("no training row")
@pytest.mark.parametrize(("form", "is_valid"), KINDS.values(), ids=KINDS)
def test_new_identifiers_have_the_form_of_the_real_ones(form, is_valid):
    texts = draw(form)
    assert all(map(is_valid, texts))
    found = fit(texts)
    made = found.make_fresh(0, 20 if len({text[:7] for text in texts}) == 1 else 300)
    assert all(map(is_valid, made)), [text for text in made if not is_valid(text)][:5]
    assert len(set(made)) == len(made) and not set(made) & set(texts)
    assert form_from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.promise("no training row")
@unhurried
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 99)), min_size=2, max_size=4),
    st.sampled_from([".", "-", ":", "/", ", "]),
    st.integers(0, 10**6),
)
def test_any_numbers_between_signs_stay_in_range_or_in_their_digits(spans, sign, seed):
    rng = random.Random(seed)
    texts = {sign.join(str(low + rng.randrange(span)) for low, span in spans) for _ in range(150)}
    if len(texts) < 20:
        return
    form = fit(sorted(texts))
    made = form.make_fresh(0, 100) + form.make_fresh(9_999_990, 3)
    assert len(set(made)) == 103 and not set(made) & texts
    for i, (low, span) in enumerate(spans):
        numbers = [text.split(sign)[i] for text in made[:100]]
        assert all(len(number) <= len(str(low + span - 1)) + 1 for number in numbers)
        if isinstance(form, IdShapes) and form.patterns[0].room > 100 and isinstance(form.patterns[0], IdSlots):
            assert all(low <= int(number) < low + span for number in numbers)


def test_used_up_ranges_go_on_with_larger_numbers():
    slots = IdSlots.fit([Range(1, 3, 0, 8), "-", Range(0, 9, 2, 10)], ["1-00", "2-05", "3-09"])
    made = slots.make_fresh(0, slots.room + 25)
    assert len(set(made)) == len(made) and not {"1-00", "2-05", "3-09"} & set(made)
    assert made[slots.room :][:11] == [*(f"8-0{i}" for i in range(10)), "9-00"]


FORGED = {
    "a range that ends before it begins": {"slots": [[5, 3, 0, 9]]},
    "a range that is negative": {"slots": [[-5, 3, 0, 9]]},
    "no slots": {"slots": []},
    "an empty alphabet": {"slots": ["", [0, 3, 0, 9]]},
    "a slot that is not there": {"beyond": 7},
    "a slot that is no number": {"beyond": 1},
    "more room than there is": {"room": "1000000"},
}


@pytest.mark.parametrize("facts", FORGED.values(), ids=FORGED)
def test_forged_slots_are_refused_when_they_are_read(facts):
    sound = IdSlots.fit([Range(1, 300, 0, 500), "-", Range(0, 9, 0, 10)], ["1-0"]).to_json()
    assert IdSlots.from_json(sound).to_json() == sound
    with pytest.raises((ValueError, TypeError)):
        IdSlots.from_json(sound | facts)
