"""Displays draw on the Axes of the user or on their own, and show what was measured, whatever names strangers gave."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from ganaug import ParameterError
from ganaug.metrics import column_errors
from ganaug.plots import ColumnsDisplay, GainDisplay, HistoryDisplay, ImagesDisplay
from ganaug.plots.whiskers import Whisker

ROWS = [Whisker("SMOTE", 1.0, -0.5, 2.5), Whisker("Augmented", 2.0, 0.5, 3.5, strong=True)]


def make_history(steps=500, scores=6):
    rng = np.random.default_rng(0)
    names = ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic")
    history = {name: rng.random(steps) for name in names}
    step = np.linspace(1, steps, scores).astype(int)
    return {**history, "score_step": step, "held_out_score": rng.random(scores)}


def make_frames(n=300):
    rng = np.random.default_rng(0)
    real = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "price in $": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(3, 1, n)),
            "city": rng.choice(["Bern", "Oslo", "$x^{"], n),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "all missing": pd.Series([None] * n, dtype=object),
        }
    )
    return real, real.sample(n, replace=True, random_state=0).assign(age=lambda made: made["age"] + 9)


def make_pictures(k=3, h=8, w=6):
    return np.random.default_rng(0).integers(0, 255, (k, h, w)).astype(np.uint8)


DISPLAYS = {
    "gain": lambda: GainDisplay(ROWS, "It helps", subtitle="ROC AUC, 5 folds", unit="points", compared=[ROWS[0]]),
    "history": lambda: HistoryDisplay(make_history()),
    "columns": lambda: ColumnsDisplay.from_frames(*make_frames()),
    "images": lambda: ImagesDisplay({"cat": (make_pictures(), make_pictures())}, note="1 of 2 classes"),
}


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_makes_a_figure_that_can_be_saved(name, tmp_path):
    display = DISPLAYS[name]().plot()
    assert display.ax_.figure is display.figure_
    display.figure_.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 2000


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_draws_on_the_axes_that_it_is_given_and_makes_no_figure(name):
    display = DISPLAYS[name]()
    plt.close("all")
    figure, ax = plt.subplots()
    before = plt.get_fignums()
    assert display.plot(ax=ax) is display
    assert display.ax_ is ax and display.figure_ is figure
    assert ax.has_data() and plt.get_fignums() == before


@pytest.mark.parametrize("name", DISPLAYS)
def test_what_is_no_axes_is_refused(name):
    with pytest.raises(ParameterError, match="ax must be matplotlib Axes, or an array of them, not Figure"):
        DISPLAYS[name]().plot(ax=plt.figure())


@pytest.mark.parametrize("name", DISPLAYS)
def test_without_matplotlib_the_error_says_what_to_install(name, request):
    display = DISPLAYS[name]()
    request.getfixturevalue("without_matplotlib")
    with pytest.raises(ParameterError, match=r"A plot needs matplotlib, .* pip install 'ganaug\[plot\]'"):
        display.plot()


@pytest.mark.parametrize("name", DISPLAYS)
def test_texts_do_not_overlap(name):
    """In a figure of its own; texts are told apart by their boxes."""
    display = DISPLAYS[name]().plot()
    display.figure_.canvas.draw()
    texts = [text for text in display.figure_.findobj(mpl.text.Text) if text.get_visible() and text.get_text().strip()]
    shown = [text for text in texts if text.get_window_extent().width and is_on_figure(text, display.figure_)]
    assert len(shown) >= 3
    for i, one in enumerate(shown):
        for other in shown[i + 1 :]:
            box, beside = (text.get_window_extent().padded(-1.5) for text in (one, other))
            assert not box.overlaps(beside), (one.get_text(), other.get_text())


def is_on_figure(text, figure):
    """Whether a text is drawn: ticks beyond the ends of an axis have labels that are not."""
    drawn = [label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in visible_labels(axis)]
    labels = [label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in all_labels(axis)]
    return text in drawn or text not in labels


def all_labels(axis):
    return [label for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)]


def visible_labels(axis):
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def test_a_forest_has_a_line_for_each_arm_with_its_numbers():
    display = GainDisplay(ROWS, "It helps", unit="points", decimals=1, compared=[Whisker("Against SMOTE", None)]).plot()
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["SMOTE", "Augmented", "Against SMOTE"]
    numbers = [text.get_text() for text in display.ax_.texts]
    assert numbers[:3] == ["+1.0 (−0.5 to +2.5)", "+2.0 (+0.5 to +3.5)", "n/a"]
    assert display.ax_.get_title(loc="left") == "It helps"
    assert display.ax_.get_xlabel() == "difference from real rows only, points; higher is better"


def test_a_dot_is_hollow_where_the_interval_covers_zero():
    ax = GainDisplay(ROWS, "It helps").plot().ax_
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() == line.get_color() for line in dots] == [False, True]


def test_an_arm_that_leaves_the_scale_becomes_an_arrow():
    far = Whisker("Synthetic rows only", -60.0, -65.0, -55.0, scaled=False)
    ax = GainDisplay([far, *ROWS], "It helps").plot().ax_
    assert ax.get_xlim()[0] > -5
    assert [line.get_marker() for line in ax.get_lines() if line.get_marker() in "<>"] == ["<"]


def test_without_a_row_there_is_an_empty_forest():
    assert GainDisplay([], "Cannot tell").plot().ax_.get_title(loc="left") == "Cannot tell"


def test_history_has_a_panel_for_each_quantity_and_names_both_curves():
    display = HistoryDisplay(make_history()).plot()
    assert [ax.get_title(loc="left") for ax in display.axes_] == [
        "Losses",
        "Accuracy of the discriminator",
        "Held-out score",
    ]
    assert [text.get_text() for text in display.axes_[0].get_legend().get_texts()] == ["discriminator", "generator"]


def test_a_long_history_is_averaged_and_keeps_its_ends_and_its_mean():
    history = make_history(steps=10_000)
    line = HistoryDisplay(history).plot("losses").ax_.get_lines()[0]
    assert len(line.get_xdata()) == 200 and line.get_xdata()[-1] == 10_000
    assert np.mean(line.get_ydata()) == pytest.approx(history["discriminator_loss"].mean())


def test_curves_are_chosen_in_order():
    titles = [ax.get_title(loc="left") for ax in HistoryDisplay(make_history()).plot(["score", "losses"]).axes_]
    assert titles == ["Held-out score", "Losses"]


def test_an_unknown_curve_is_refused():
    with pytest.raises(ParameterError, match="curves must be among 'losses', 'accuracy', 'score'; got 'loss'"):
        HistoryDisplay(make_history()).plot("loss")


def test_scores_that_were_not_recorded_are_left_out_and_refused_by_name():
    history = make_history(scores=0)
    assert len(HistoryDisplay(history).plot().axes_) == 2
    with pytest.raises(ParameterError, match="no 'score': the data was too small to hold rows out"):
        HistoryDisplay(history).plot("score")


@pytest.mark.parametrize("shape", [(1, 2), (2, 1)])
def test_panels_may_go_on_an_array_of_axes(shape):
    _, axes = plt.subplots(*shape)
    display = HistoryDisplay(make_history()).plot(["losses", "score"], ax=axes)
    assert list(display.axes_) == list(axes)


def test_a_number_of_axes_that_does_not_fit_is_refused():
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ParameterError, match=r"There are 1 panels \(age\) and 2 Axes"):
        ColumnsDisplay.from_frames(*make_frames(), columns="age", ax=axes)


def test_columns_come_by_their_errors_and_as_many_as_there_are_axes():
    real, made = make_frames()
    errors = column_errors(real, made)
    worst = sorted(errors, key=errors.get, reverse=True)
    _, axes = plt.subplots(1, 2)
    display = ColumnsDisplay.from_frames(real, made, ax=axes)
    assert [ax.get_title(loc="left") for ax in display.axes_] == worst[:2]
    assert display.axes_[0].get_xlabel().startswith(f"error {errors[worst[0]]:.3f}")


def test_columns_that_are_left_out_are_counted_above_the_figure():
    frame = pd.DataFrame(np.random.default_rng(0).normal(0, 1, (50, 15))).rename(columns="x{}".format)
    display = ColumnsDisplay.from_frames(frame, frame)
    assert len(display.axes_) == 12
    assert "the 12 of 15 columns with the largest errors" in display.figure_.get_suptitle()


def test_an_unknown_column_is_refused_with_a_guess():
    with pytest.raises(ParameterError, match=r"There is no column 'ages' to draw; did you mean 'age'\?"):
        ColumnsDisplay.from_frames(*make_frames(), columns="ages")


def test_the_histogram_holds_the_shares_of_both_tables():
    real, made = make_frames()
    display = ColumnsDisplay.from_frames(real, made, columns="age")
    areas = {patch.get_label(): patch.get_data().values for patch in display.ax_.patches}
    assert areas["real"].sum() == pytest.approx(1) and areas["synthetic"].sum() == pytest.approx(1)
    assert not np.allclose(areas["real"], areas["synthetic"])


def test_shares_of_missing_cells_are_told():
    label = ColumnsDisplay.from_frames(*make_frames(), columns="price in $").ax_.get_xlabel()
    assert "missing" in label and "% real" in label and "% synthetic" in label


def test_names_from_outside_are_no_formulas(tmp_path):
    """A lone ``$`` or a broken formula in a name would stop matplotlib."""
    real = pd.DataFrame({"$a_{b$": ["$x^{$", "$$"] * 20})
    ColumnsDisplay.from_frames(real, real).figure_.savefig(tmp_path / "a.png")
    ImagesDisplay({"$x^{$": (make_pictures(), make_pictures())}).plot().figure_.savefig(tmp_path / "b.png")
    rows = [Whisker("$x^{$", 1.0)]
    GainDisplay(rows, "$x^{$", subtitle="$x^{$").plot().figure_.savefig(tmp_path / "c.png")


def test_images_are_put_in_two_strips_for_each_class():
    pictures = {"cat": (make_pictures(4), make_pictures(2)), "dog": (make_pictures(1), make_pictures(4))}
    display = ImagesDisplay(pictures).plot()
    assert len(display.ax_.get_images()) == 11
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["cat", "dog"]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["real", "synthetic"]
    lefts = [image.get_extent()[0] for image in display.ax_.get_images()]
    assert len(set(lefts)) == 8  # four places on each side


@pytest.mark.parametrize("channels", [3, 4])
def test_images_may_have_colours(channels):
    colours = np.random.default_rng(0).integers(0, 255, (2, 8, 8, channels)).astype(np.uint8)
    assert ImagesDisplay({"cat": (colours, colours)}).plot().ax_.get_images()[0].get_array().shape == (8, 8, channels)


def test_plots_leave_the_settings_of_matplotlib_alone():
    before = dict(mpl.rcParams)
    for make in DISPLAYS.values():
        make().plot()
    assert dict(mpl.rcParams) == before
