"""Fixtures that tests of the command line share."""

from __future__ import annotations

import pytest

from ganaug.gain import tuned as library
from ganaug.gain.choosing import Candidate


@pytest.fixture
def choosing(monkeypatch):
    """Let held-out rows choose what a test wants."""
    real = library.choose_candidate

    def want(share, balance=False):
        def choose(trials):
            _, scores = real(trials)
            wanted = Candidate(share, balance)
            return wanted, scores.assign(chosen=(scores["share"] == share) & (scores["balance"] == balance))

        monkeypatch.setattr(library, "choose_candidate", choose)

    return want
