"""What every sampled cell must be: a value, a range and a dtype of the training data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ganaug.data.dtypes import describe_dtype, split
from ganaug.table.columns import Identifier, Number
from ganaug.table.followers import Calculated, Later


def plain_of(series, dtype=None):
    plain, missing = split(series, dtype or describe_dtype(series))
    return plain[~missing], missing


def assert_same_form(found, frame):
    assert isinstance(found, pd.DataFrame)
    assert found.columns.tolist() == frame.columns.tolist()
    assert found.dtypes.tolist() == frame.dtypes.tolist()
    assert found.index.tolist() == list(range(len(found)))


def assert_possible(found, frame, encoder):
    """Every cell of `found` may stand in `frame`."""
    assert_same_form(found, frame)
    for name, column, dtype in zip(frame.columns, encoder.columns, encoder.dtypes, strict=True):
        (made, gaps), (seen, real_gaps) = (plain_of(table[name], dtype) for table in (found, frame))
        assert real_gaps.any() or not gaps.any(), f"{name!r} has new gaps"
        if isinstance(column, Identifier):
            assert len(set(made.tolist())) == len(found) and not set(made.tolist()) & set(seen.tolist())
        elif isinstance(column, Calculated):
            parts = [split(found.iloc[:, i], encoder.dtypes[i]) for i in column.by]
            plain, missing = split(found[name], encoder.dtypes[found.columns.get_loc(name)])
            expected, expected_gaps = column.calculate(parts)
            assert np.array_equal(missing, expected_gaps), f"{name!r} has other gaps than what it follows from"
            assert np.allclose(plain[~missing], expected[~missing], rtol=1e-6, atol=0), f"{name!r} breaks its formula"
        elif not isinstance(column, Number | Later):
            listed = {(type(v), v) for v in seen.tolist()}
            assert {(type(v), v) for v in made.tolist()} <= listed, f"{name!r} has new values"
        elif len(made):
            low, high = seen.min().item(), seen.max().item()
            assert low <= made.min().item() and made.max().item() <= high, f"{name!r} leaves its range"
            if column.step:
                assert {(v - low) % column.step for v in made.tolist()} == {0}, f"{name!r} leaves its grid"
