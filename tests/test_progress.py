"""Progress is shown from the start, and now and then without a terminal; of what is done at once nothing is shown."""

from __future__ import annotations

import re
import time

import pytest

from ganaug import progress
from ganaug.progress import track_items
from ganaug.threads import iterate_in_threads


def slow(n, seconds):
    for i in range(n):
        time.sleep(seconds)
        yield i


def test_the_start_and_about_ten_lines_are_shown_without_a_terminal(capsys):
    assert list(track_items(range(1000), 1000, "reading", 1)) == list(range(1000))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "reading: 0/1,000, 0 s"
    assert lines[-1].startswith("reading: 1,000/1,000")
    assert len(lines) == 11


def test_a_long_silence_is_broken(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_SILENCE", 0.05)
    monkeypatch.setattr(progress, "_LOOK", 0.02)
    list(track_items(slow(1, 0.4), 1, "fitting", 1))
    assert capsys.readouterr().err.count("fitting: 0/1") > 2


def test_what_is_done_at_once_is_not_shown_where_it_is_waited_for(capsys, monkeypatch):
    list(track_items(range(100), 100, "reading", 1, patience=True))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "_PATIENCE", 0.05)
    list(track_items(slow(3, 0.1), 3, "reading", 1, patience=True))
    assert "reading: 3/3" in capsys.readouterr().err


def test_nothing_is_shown_unless_asked(capsys):
    assert list(track_items(range(3), 3, "reading", 0)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_which_ends_with_an_error(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    def broken():
        yield 1
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        list(track_items(broken(), 2, "reading", 1))
    assert "reading" in capsys.readouterr().err


def test_a_bar_tells_how_long_the_rest_takes(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    list(track_items(slow(3, 0.4), 3, "reading", 1))
    assert re.search(r"about \d+ s left", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("done", "seconds", "text"),
    [(0, 300, ""), (1, 20, "about 80 s left"), (2, 280, "about 7 min left"), (5, 900, "")],
)
def test_the_rest_takes_as_long_for_each_item_as_those_that_are_done(done, seconds, text):
    assert progress._format_left(done, 5, seconds) == text


def test_work_in_threads_comes_in_order_and_is_not_begun_when_closed():
    assert list(iterate_in_threads(lambda i: i * i, range(50))) == [i * i for i in range(50)]
    assert list(iterate_in_threads(abs, [])) == []
    begun = []
    results = iterate_in_threads(lambda i: (time.sleep(0.01), begun.append(i)), range(500))
    next(results)
    results.close()
    assert len(begun) < 100
