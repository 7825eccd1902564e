"""Text that spells numbers or dates is learned as what it spells, and comes back in its form."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from small import quick_augmenter

from ganaug import DataError, DataWarning, GANAugmenter, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

N = 120
SAID = pytest.mark.filterwarnings("ignore:.* numbers or dates as text:ganaug.errors.DataWarning")


def table(cells):
    """A frame with a column of text beside one of numbers."""
    rng = np.random.default_rng(0)
    return pd.DataFrame({"x": rng.normal(size=N), "text": cells}), np.arange(N) % 2


def amounts(form):
    rng = np.random.default_rng(1)
    return [form(value) for value in np.round(rng.lognormal(6, 1, N), 2)]


FORMS = {
    "decimals": (lambda v: f"{v:.2f}", r"\d+\.\d\d"),
    "money": (lambda v: f"${v:,.2f}", r"\$[\d,]+\.\d\d"),
    "comma": (lambda v: f"{v:.2f}".replace(".", ","), r"\d+,\d\d"),
    "unit": (lambda v: f"{v:.0f} kg", r"\d+ kg"),
}


@SAID
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("mark", [None, " ", "#N/A"])
@pytest.mark.parametrize("dtype", [object, "str", "string"])
def test_numbers_are_learned_and_come_back_in_their_form(name, mark, dtype):
    form, pattern = FORMS[name]
    cells = amounts(form)
    cells[3:30:9] = [mark] * 3
    X, y = table(pd.Series(cells, dtype=dtype))
    augmenter = quick_augmenter().fit(X, y)
    made, _ = augmenter.sample(300)
    assert made["text"].dtype == X["text"].dtype
    known = made["text"].dropna()
    known = known[known != mark] if mark else known
    assert known.str.fullmatch(pattern).all() and len(known) > 50
    assert known.nunique() > 10
    X_more, _ = augmenter.fit_resample(X, np.arange(N) % 3 == 0)
    pd.testing.assert_frame_equal(X_more[:N], X)


@SAID
def test_dates_are_learned_and_come_back_in_their_form():
    days = pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d %H:%M")
    X, y = table(days.tolist())
    made, _ = quick_augmenter().fit(X, y).sample(200)
    assert pd.to_datetime(made["text"], format="%Y-%m-%d %H:%M").between("2020-01-01", days[-1]).all()


@SAID
def test_a_saved_model_spells_alike_and_conditions_are_numbers(tmp_path):
    X, y = table(amounts(FORMS["money"][0]))
    augmenter = quick_augmenter().fit(X, y)
    augmenter.save(tmp_path / "m.safetensors")
    again = GANAugmenter.load(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(again.sample(20, random_state=0)[0], augmenter.sample(20, random_state=0)[0])
    made, _ = augmenter.sample(20, where={"text": (100, 800)})
    numbers = made["text"].str.replace(r"[$,]", "", regex=True).astype(float)
    assert numbers.between(100, 800).all()


def test_what_is_taken_for_numbers_is_said_and_can_be_overruled():
    X, y = table(amounts(FORMS["money"][0]))
    with pytest.warns(DataWarning, match="'text' holds numbers or dates as text, and what they say is learned"):
        quick_augmenter().fit(X, y)
    made, _ = quick_augmenter(column_kinds={"text": "category"}).fit(X, y).sample(50)
    assert set(made["text"]) <= set(X["text"])


@pytest.mark.parametrize("cells", [[f"{i:05}" for i in range(N)], ["1", "2", "3"] * (N // 3), ["12 b", "7"] * (N // 2)])
def test_codes_stay_text(cells, recwarn):
    X, y = table(cells)
    quick_augmenter().fit(X, y)
    assert not [one for one in recwarn if "as text" in str(one.message)]


def test_whole_numbers_are_numbers_if_the_user_says_so():
    X, y = table([str(i * i) for i in range(N)])
    made, _ = quick_augmenter(column_kinds={"text": "numeric"}).fit(X, y).sample(200)
    assert not set(made["text"]) <= set(X["text"]) and made["text"].str.isdigit().all()
    with pytest.raises(ParameterError, match="column_kinds says that 'text' is numeric"):
        quick_augmenter(column_kinds={"text": "numeric"}).fit(X.assign(text=["one", "two"] * (N // 2)), y)


@SAID
def test_other_text_in_place_of_numbers_is_refused():
    X, y = table(amounts(FORMS["decimals"][0]))
    augmenter = quick_augmenter().fit(X, y)
    with pytest.raises(DataError, match="'text' spelled numbers or dates in training, and holds 'word' now"):
        augmenter.resample(X.assign(text="word"), np.arange(N) % 3 == 0)


@pytest.mark.parametrize(
    "cells",
    [
        [f"01/{1 + i % 12:02}/{1990 + i // 12}" for i in range(N)],
        [f"{1 + i % 28}. {'Mai' if i % 2 else 'März'} {1990 + i // 28}" for i in range(N)],
        [f"2020-0{1 + i % 9}-{10 + i // 9} 0{i % 9}:30 P{'DS'[i % 2]}T" for i in range(N)],
        [f"{10 + i % 20} Jan '{i // 20:02}" for i in range(N)],
    ],
    ids=lambda cells: cells[1],
)
def test_dates_of_unclear_order_or_form_are_repeated_rather_than_made_up(cells):
    X, y = table(cells)
    with pytest.warns(DataWarning, match=f"'text' holds dates such as .{re.escape(cells[0])}. in an order or form"):
        augmenter = quick_augmenter().fit(X, y)
    assert set(augmenter.sample(200)[0]["text"]) <= set(X["text"])


@pytest.mark.parametrize("form", ["Film {0} (1995)", "A-2021-{0:04}", "192.168.0.{0}", "Player {0}"])
def test_names_with_numbers_are_no_dates(form, recwarn):
    X, y = table([form.format(i) for i in range(N)])
    made, _ = quick_augmenter().fit(X, y).sample(50)
    assert not set(made["text"]) & set(X["text"]) and not [one for one in recwarn if "dates" in str(one.message)]
