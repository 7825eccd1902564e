"""Progress is shown as a widget in notebooks, in lines elsewhere, and not at all unless asked for."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from ganaug import progress
from ganaug.progress import show_progress, show_status, track_items


def reports(n=20, score=0.0):
    for step in range(1, n + 1):
        losses = {"discriminator_loss": 1.0, "generator_loss": 1.0}
        yield SimpleNamespace(step=step, max_steps=n, seconds=0.1, score=score, note="", **losses)


class Bar:
    """A progress bar that remembers what it showed."""

    made: list[Bar] = []  # noqa: RUF012

    def __init__(self, items=(), desc="", total=None, unit="it"):
        self.items, self.desc, self.total, self.n, self.texts, self.open = items, desc, total, 0, [], True
        Bar.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False

    def __iter__(self):
        yield from self.items

    def update(self, n):
        self.n += n

    def set_postfix_str(self, text):
        self.texts.append(text)


@pytest.fixture
def in_a_notebook(monkeypatch):
    """A notebook with tqdm and ipywidgets, as far as the code asks."""
    monkeypatch.setattr(progress.Console, "is_jupyter", True, raising=False)
    monkeypatch.setattr(progress, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(auto=None))
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=Bar))
    monkeypatch.setattr(Bar, "made", [])
    real = progress.Console

    def console(**options):
        made = real(**options)
        made.is_jupyter = True
        return made

    monkeypatch.setattr(progress, "Console", console)


def test_a_training_is_a_widget_in_a_notebook(in_a_notebook, capsys):
    assert len(list(show_progress(reports(score=0.8), 1))) == 20
    (bar,) = Bar.made
    assert (bar.desc, bar.total, bar.n, bar.open) == ("training", 20, 20, False)
    assert bar.texts[-1] == "held-out score 0.800"
    assert capsys.readouterr().err == ""


def test_a_roll_back_takes_the_widget_back(in_a_notebook):
    steps = list(reports(10))
    list(show_progress(iter([*steps[:8], *steps[3:6]]), 1))
    assert Bar.made[0].n == 6


def test_items_are_a_widget_in_a_notebook(in_a_notebook):
    assert list(track_items([1, 2, 3], 3, "sampling", 1)) == [1, 2, 3]
    assert (Bar.made[0].desc, Bar.made[0].total) == ("sampling", 3)


def test_nothing_is_shown_unless_asked_for(in_a_notebook, capsys):
    assert len(list(show_progress(reports(), 0))) == 20
    assert list(track_items([1], 1, "sampling", 0)) == [1]
    with show_status("fitting the filters", 0):
        pass
    assert Bar.made == [] and capsys.readouterr() == ("", "")


def test_without_ipywidgets_a_notebook_gets_lines(in_a_notebook, monkeypatch):
    monkeypatch.setattr(progress, "find_spec", lambda name: None if name == "ipywidgets" else object())
    assert len(list(track_items(range(30), 30, "sampling", 0))) == 30
    assert progress._find_widget(progress.Console(stderr=True)) is None


def test_elsewhere_there_are_ten_lines(capsys):
    assert len(list(show_progress(reports(100), 1))) == 100
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10 and lines[-1].startswith("step 100/100")


def test_the_bar_of_tqdm_takes_what_it_is_given(monkeypatch, capsys):
    """Outside of a notebook, tqdm.auto is its bar for terminals."""
    pytest.importorskip("tqdm")
    from tqdm.auto import tqdm

    monkeypatch.setattr(progress, "_find_widget", lambda console: tqdm)
    assert len(list(show_progress(reports(score=0.5), 1))) == 20
    assert list(track_items([1, 2], 2, "sampling", 1)) == [1, 2]
    shown = capsys.readouterr().err
    assert "training: 100%" in shown and "20/20" in shown and "held-out score 0.500" in shown and "sampling" in shown
