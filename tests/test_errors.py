"""The texts of errors: whole where they are sentences, cut where a value in them is a novel."""

from __future__ import annotations

import pytest

from ganaug import DataError, ModelFileError, ParameterError, TrainingError


@pytest.mark.parametrize("kind", [DataError, ParameterError, TrainingError, ModelFileError])
def test_a_novel_in_an_error_leaves_its_beginning_and_its_cure(kind):
    sentence = "Column 'a' holds 'x'; drop it."
    assert str(kind(sentence)) == sentence and str(kind("x" * 1000)) == "x" * 1000
    text = str(kind(f"Column 'a' holds {'x' * 10**6!r}; drop it."))
    assert text.startswith("Column 'a' holds 'xxx") and "xxx ... xxx" in text and text.endswith("xxx'; drop it.")
    assert len(text) < 1000
