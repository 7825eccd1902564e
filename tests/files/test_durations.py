"""Durations with units or days, and times without signs, are read and spelled again as they were."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from ganaug import GANAugmenter
from ganaug.files.durations import UnitForm, find_days, find_units
from ganaug.files.notes import valid_notes
from ganaug.files.times import find_compact, find_times


def iso(seconds):
    days, (hours, minutes, rest) = seconds // 86_400, (seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    return "P" + (f"{days}D" if days else "") + ("T" + time if time else "")


def leading(seconds):
    parts = [f"{seconds // 3600}h"] if seconds >= 3600 else []
    return " ".join([*parts, f"{seconds // 60 % 60}m", f"{seconds % 60}s"][-3 if parts or seconds >= 60 else -1 :])


def in_words(seconds):
    days, hours = seconds // 86_400, seconds // 3600 % 24
    return f"{days} day{'s' * (days != 1)}, {hours} hour{'s' * (hours != 1)}"


def postgres(seconds):
    days = seconds // 86_400
    clock = f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{days} day{'s' * (days != 1)} {clock}" if days else clock


FORMS = {
    "minutes and seconds": (find_units, lambda s: f"{s // 60}m {s % 60}s", 1),
    "hours and padded minutes": (find_units, lambda s: f"{s // 3600}h {s // 60 % 60:02}m", 60),
    "no zeros in front": (find_units, leading, 1),
    "ISO 8601": (find_units, iso, 1),
    "words": (find_units, in_words, 3600),
    "and between": (find_units, lambda s: f"{s // 60} min and {s % 60} sec", 1),
    "fractions": (find_units, lambda s: f"{s // 60}m{s % 60:02}.5s", 1),
    "pandas": (find_days, lambda s: str(pd.Timedelta(seconds=s)), 1),
    "Python": (find_days, lambda s: str(timedelta(seconds=s)), 1),
    "databases": (find_days, postgres, 1),
    "some fractions": (find_days, lambda s: str(timedelta(seconds=s / 2)), 0.5),
    "AM and PM": (find_times, lambda s: f"{(s // 3600 - 1) % 12 + 1}:{s // 60 % 60:02} {'AP'[s // 43_200 % 2]}M", None),
    "a.m. and p.m.": (
        find_times,
        lambda s: f"{(s // 3600 - 1) % 12 + 1:02}:{s // 60 % 60:02}:{s % 60:02}{'ap'[s // 43_200 % 2]}.m.",
        None,
    ),
    "an h between": (find_times, lambda s: f"{s // 3600 % 24:02}h{s // 60 % 60:02}", None),
    "races": (find_times, lambda s: f"{s // 60 % 60}:{s % 60:02}.250", None),
    "times without signs": (find_compact, lambda s: f"{s // 3600 % 24:02}{s // 60 % 60:02}", None),
    "seconds without signs": (find_compact, lambda s: f"{s // 3600 % 24:02}{s // 60 % 60:02}{s % 60:02}", None),
}
SECONDS = [*np.random.default_rng(0).integers(60, 400_000, 120).tolist(), 61, 3600, 86_400]


@pytest.mark.parametrize(("find", "form", "unit"), FORMS.values(), ids=FORMS)
def test_durations_are_read_and_spelled_again(find, form, unit):
    texts = [form(seconds) for seconds in SECONDS]
    durations, found = find(texts)
    assert found.spell(durations.astype("int64").tolist()) == texts
    if unit is not None:
        seconds = durations.dt.total_seconds().to_numpy()
        whole = 0.5 if "." in texts[0] and unit == 1 else 0.0  # the fraction that the form adds
        expected = np.array(SECONDS) * unit if unit < 1 else np.array(SECONDS) // unit * unit + whole
        assert seconds.tolist() == expected.tolist()


@unhurried
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.sampled_from(["all", "leading", "any"]))
def test_any_durations_survive_their_form(seconds, rule):
    units = [["d", "day", "days"], ["h", "hour", "hours"], ["s", "second", "seconds"]]
    form = UnitForm(units, " ", " ", rule, 1, 1, 0)
    texts = form.spell([one * 10**6 for one in seconds])
    found = find_units(texts)
    if found is not None:  # a single unit is a number with a unit
        assert found[1].spell(found[0].astype("int64").tolist()) == texts
        assert found[0].dt.total_seconds().tolist() == seconds


@pytest.mark.parametrize(
    ("find", "texts"),
    [
        (find_units, ["5 m", "7 m"]),  # a number with a unit
        (find_units, ["1h 75m", "2h 5m"]),
        (find_units, ["5m 3h"]),
        (find_units, ["2h 5m", "2 h 5 m"]),
        (find_units, ["2h 5x"]),
        (find_units, ["P1Y2M"]),
        (find_units, [""]),
        (find_units, []),
        (find_days, ["2 days", "3 days"]),
        (find_days, ["2 days 25:00:00"]),
        (find_days, []),
        (find_compact, [f"{n:04}" for n in range(60)]),  # numbers in a row
        (find_compact, ["0915", "1530"]),  # too few
        (find_times, ["8:05 PM", "13:05 PM"]),
        (find_times, ["8:05 PM", "8:05pm"]),
        (find_times, ["19h35", "25h10"]),
        (find_times, ["1:22.331", "1:75.331"]),
        (find_times, []),
        (find_compact, [f"{h:02}{m:02}" for h in range(10, 24) for m in (0, 30)]),  # no zero in front: a number
        (find_compact, [f"{h:02}{m:02}" for h in range(24) for m in (0, 30)] + ["2561"]),
    ],
)
def test_other_texts_are_left_alone(find, texts):
    assert find(texts) is None


def test_durations_and_times_are_learned_and_come_back_in_their_form():
    rng = np.random.default_rng(0)
    seconds = rng.integers(60, 80_000, 150)
    y = np.where(seconds > 40_000, "long", "short")
    X = pd.DataFrame({name: [FORMS[name][1](int(s)) for s in seconds] for name in ("ISO 8601", "pandas", "AM and PM")})
    X["times without signs"] = [FORMS["times without signs"][1](int(s)) for s in seconds]
    X["hours and padded minutes"] = [FORMS["hours and padded minutes"][1](int(s)) for s in seconds]
    with pytest.warns(UserWarning, match="hold numbers or dates as text"):
        augmenter = GANAugmenter(max_steps=3, filters=None, random_state=0).fit(X, y)
    made, _ = augmenter.sample(100)
    for name in X:
        find = FORMS[name][0]
        durations, found = find(made[name].tolist())
        assert found == find(X[name].tolist())[1]
        assert durations.between(*find(X[name].tolist())[0].agg(["min", "max"])).all()
    assert (made.dtypes == X.dtypes).all()


@pytest.mark.parametrize(
    ("note", "value"),
    [
        ("unit_form", {"units": [["h", "h", "h"], ["m", "m", "m"]], "sign": "x", "gap": "", "rule": "all",
                       "first": 1, "width": 1, "decimals": 0}),
        ("unit_form", {"units": [["m", "m", "m"], ["h", "h", "h"]], "sign": " ", "gap": "", "rule": "all",
                       "first": 1, "width": 1, "decimals": 0}),
        ("unit_form", {"units": [["h", "h", "h"], ["m", "m", "s"]], "sign": " ", "gap": "", "rule": "all",
                       "first": 1, "width": 1, "decimals": 0}),
        ("unit_form", {"units": 3, "sign": " ", "gap": "", "rule": "all", "first": 1, "width": 1, "decimals": 0}),
        ("unit_form", "2h"),
        ("days_form", {"comma": 1, "single": True, "always": True, "bare_fraction": True, "width": 1, "decimals": 0}),
        ("days_form", {"comma": True, "single": True, "always": True, "bare_fraction": 3, "width": 1, "decimals": 0}),
        ("days_form", []),
        ("compact_form", {"seconds": 1}),
        ("compact_form", {}),
        ("time_form", {}),
        ("time_form", {"form": "x", "width": 1, "decimals": 0, "gap": "", "mark": "h"}),
        ("time_form", {"form": "hhm", "width": 1, "decimals": 0, "gap": "", "mark": "k"}),
        ("time_form", {"form": "hhm", "width": True, "decimals": 0, "gap": "", "mark": "h"}),
    ],
)  # fmt: skip
def test_forged_forms_are_dropped(note, value):
    assert valid_notes({note: {"c": value}}) == {}
