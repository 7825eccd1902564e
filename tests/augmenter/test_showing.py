"""A fitted augmenter shows what it learned: as plots, above scikit-learn's diagram, and in print."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from report_page import Page
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from small import numbers, quick_augmenter
from toy_table import make_toy_table

from ganaug import DataError, DataWarning, GANAugmenter, ParameterError
from ganaug.augmenter.summary import list_facts
from ganaug.plots import ColumnsDisplay, HistoryDisplay, ImagesDisplay

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")  # trained for a moment


@pytest.fixture(scope="module")
def table():
    X, y = make_toy_table(120)
    X.insert(0, "id", [f"C{i:05d}" for i in range(120)])
    X["months"] = X["age"] * 12
    with pytest.warns(DataWarning, match="'id' names rows"):
        return quick_augmenter(max_steps=12).fit(X, y), X, y


@pytest.fixture(scope="module")
def images():
    X = np.random.default_rng(0).integers(0, 255, (60, 8, 10)).astype(np.uint8)
    y = np.arange(60) % 12
    return quick_augmenter(max_steps=2, architecture="mlp").fit(X, y), X, y


def titles(display):
    return [ax.get_title(loc="left") for ax in display.axes_]


def test_the_history_is_drawn(table):
    display = table[0].plot_history()
    assert isinstance(display, HistoryDisplay)
    assert display.axes_[0].get_lines()[0].get_xdata()[-1] == 12
    assert titles(table[0].plot_history("losses")) == ["Losses"]


def test_columns_are_drawn_real_beside_synthetic_without_identifiers(table):
    augmenter, X, y = table
    display = augmenter.plot_columns(X, y)
    assert isinstance(display, ColumnsDisplay)
    assert set(titles(display)) == set(X.columns) - {"id"}
    with pytest.raises(ParameterError, match="no column 'id'"):
        augmenter.plot_columns(X, columns=["id"])


def test_the_same_seed_draws_the_same_columns(table):
    augmenter, X, _ = table
    first, again, other = (augmenter.plot_columns(X, random_state=seed).figures for seed in (1, 1, 2))
    assert first == again != other


def test_columns_of_an_array_are_named_by_their_places():
    X, y = numbers(60)
    assert set(titles(quick_augmenter().fit(X, y).plot_columns(X))) == {"0", "1"}


@pytest.mark.parametrize("labelled", [True, False])
def test_labels_decide_the_classes_of_the_synthetic_rows(table, labelled, monkeypatch):
    augmenter, X, y = table
    asked = []
    sample = augmenter.sample
    monkeypatch.setattr(augmenter, "sample", lambda *a, **k: asked.append((a, k)) or sample(*a, **k))
    augmenter.plot_columns(X[y == "leaves"], y[y == "leaves"] if labelled else None)
    ((counts, options),) = asked
    n = int((y == "leaves").sum())
    assert options.get("y", pd.Series()).tolist() == (["leaves"] * n if labelled else [])
    assert counts == (() if labelled else (n,))


@pytest.mark.parametrize("n", [0, 119])
def test_labels_of_another_length_are_refused(table, n):
    augmenter, X, y = table
    with pytest.raises(DataError, match=rf"X has 120 rows and y has {n} labels"):
        augmenter.plot_columns(X, y[:n])


def test_rows_that_do_not_match_are_refused(table):
    augmenter, X, _ = table
    with pytest.raises(DataError, match="columns differ from those in training"):
        augmenter.plot_columns(X.drop(columns="age"))
    with pytest.raises(DataError, match="no rows to compare"):
        augmenter.plot_columns(X[:0])


def test_images_are_drawn_in_strips_and_classes_that_are_left_out_are_counted(images):
    augmenter, X, y = images
    display = augmenter.plot_columns(X, y)
    assert isinstance(display, ImagesDisplay)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == [str(i) for i in range(10)]
    assert display.ax_.get_xlabel() == "10 of 12 classes"
    real, made = display.pictures["3"]
    assert real.shape == (5, 8, 10) and made.shape == (8, 8, 10)
    assert all(any((one == X[i]).all() for i in np.flatnonzero(y == 3)) for one in real)


@pytest.mark.parametrize("form", [np.asarray, list], ids=["array", "list"])
def test_images_without_labels_are_one_strip(images, form):
    augmenter, X, _ = images
    display = augmenter.plot_columns(form(X))
    assert list(display.pictures) == ["all classes"]
    assert len(display.ax_.get_images()) == 16


def test_images_have_no_columns(images):
    augmenter, X, y = images
    with pytest.raises(ParameterError, match="columns is for tables"):
        augmenter.plot_columns(X, y, columns="age")


def test_nothing_is_drawn_before_fit():
    for draw in (GANAugmenter().plot_history, lambda: GANAugmenter().plot_columns([[1.0]])):
        with pytest.raises(NotFittedError):
            draw()


def test_a_plot_without_matplotlib_says_what_to_install(table, without_matplotlib):
    for draw in (table[0].plot_history, lambda: table[0].plot_columns(table[1])):
        with pytest.raises(ParameterError, match=r"pip install 'ganaug\[plot\]'"):
            draw()


def test_a_loaded_augmenter_shows_the_same(table, tmp_path):
    augmenter, X, _ = table
    augmenter.save(tmp_path / "m")
    loaded = GANAugmenter.load(tmp_path / "m")
    assert str(loaded).split("\n")[-6:] == str(augmenter).split("\n")[-6:]  # the device is no part of a model
    assert loaded.plot_columns(X).figures == augmenter.plot_columns(X).figures


def test_repr_stays_the_call_of_the_estimator(table):
    unfitted = clone(table[0])
    assert repr(table[0]) == repr(unfitted) == str(unfitted)
    assert "GANAugmenter(" in repr(unfitted)


def test_print_says_what_was_learned(table):
    augmenter, _, y = table
    text = str(augmenter)
    assert text.startswith(repr(augmenter))
    counts = y.value_counts()
    assert re.search(r"\nLearned from 120 rows of 2 classes in [\d.]+ s(econds)? \(12 steps\)\n", text)
    assert f"classes: stays ({counts['stays']}), leaves ({counts['leaves']})" in text
    assert "missing cells in: income, city" in text
    assert "kept exactly: months = 12 * age" in text
    assert "not learned: id (identifier)" in text
    assert re.search(r"columns: 9 \(.*1 datetime.*\)", text)


def test_print_tells_of_images(images):
    text = str(images[0])
    assert "Learned from 60 images of 12 classes" in text
    assert "images: 8 × 10, grey" in text
    assert "classes: 0 (5), 1 (5)" in text and "and 4 more" in text


def test_classes_that_were_too_rare_are_named():
    X, y = numbers(40)
    labels = np.array(["a", "b"])[y].astype(object)
    labels[7] = "odd"
    augmenter = quick_augmenter(skip_rare=True).fit(X, labels)
    described = augmenter.describe()
    assert {one["label"]: one["rows"] for one in described["classes"]} == {"a": 20, "b": 19, "odd": 0}
    assert dict(list_facts(described))["classes"] == "a (20), b (19); too rare to learn: odd"


def test_a_collapsed_class_is_named(table):
    described = table[0].describe()
    described["classes"][0]["diversity"] = 0.1
    assert dict(list_facts(described))["collapsed"] == "leaves (diversity 0.10 of 1)"


def test_the_notebook_shows_the_summary_above_the_diagram_of_scikit_learn(table):
    augmenter = table[0]
    html = augmenter._repr_html_()
    assert html.index("Learned from 120 rows") < html.index("sk-top-container")
    bundle = augmenter._repr_mimebundle_()
    assert "Learned from 120 rows" in bundle["text/html"] and bundle["text/plain"] == str(augmenter)


def test_an_unfitted_one_shows_the_diagram_alone():
    html = GANAugmenter()._repr_html_()
    assert "sk-top-container" in html and "ganaug-card" not in html


def test_the_display_setting_of_scikit_learn_is_followed(table):
    with config_context(display="text"):
        assert not hasattr(table[0], "_repr_html_")
        assert set(table[0]._repr_mimebundle_()) == {"text/plain"}


def test_names_of_classes_and_columns_are_escaped():
    X, y = numbers(40)
    bad = "<script>alert(1)</script>"
    X = pd.DataFrame({bad: np.where(np.arange(40) % 4 == 0, np.nan, X[:, 0]), "b": X[:, 1]})
    html = quick_augmenter().fit(X, np.array([bad, "other"])[y])._repr_html_().split("sk-top-container")[0]
    assert bad not in html and "&lt;script&gt;" in html
    card = html[: html.index("</div>") + 6]
    assert Page(card).faults == []


@pytest.mark.promise("forged")
def test_a_forged_model_can_be_printed(table, tmp_path):
    table[0].save(tmp_path / "m")
    augmenter = GANAugmenter.load(tmp_path / "m")
    dates = next(column for column in augmenter.model_.encoder.columns if column.kind == "datetime")
    dates.limits = [-(10**30), 1 - 10**30]
    assert str(augmenter) == repr(augmenter)
