"""Training rows are kept packed, in less memory than the table takes, and nothing that is trained can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import JUDGED, equal, point_plan, point_state, points, quick_augmenter, same_rows, weights
from strategies import unhurried
from torch.nn import functional

from ganaug.augmenter.split import hold_out
from ganaug.modality import fit_transform, get_expand, identity
from ganaug.table import TABLE
from ganaug.table.encoder import TableEncoder
from ganaug.table.layout import Layout
from ganaug.training import RealSamples, train_gan

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


def rng(seed=0):
    return np.random.default_rng(seed)


def layout_of(segments, n_scores):
    return Layout(list(segments), [-1] * n_scores, [False] * len(segments))


def drawn(layout, n, seed=0):
    """States and scores of `n` rows; scores of every size, negative zero among them."""
    states = rng(seed).integers(0, layout.segments, (n, len(layout.segments)))
    scores = rng(seed).choice([0.0, -0.0, 1.5, -3.7190164, 1e-40, -3e38], (n, len(layout.gates))).astype(np.float32)
    return torch.from_numpy(states), torch.from_numpy(scores)


def packed_rows(layout, states, scores):
    rows = layout.allocate_rows(len(states))
    for i in range(states.shape[1]):
        layout.put_states(rows, i, states[:, i])
    for i in range(scores.shape[1]):
        layout.put_scores(rows, i, scores[:, i].double())
    return rows


def seen_by_networks(layout, states, scores):
    """What `expand` is to give, said in other words."""
    parts = [functional.one_hot(states[:, i], size).float() for i, size in enumerate(layout.segments)]
    return torch.cat([*parts, scores], dim=1)


def bits(x):
    return x.shape, x.dtype, x.numpy().tobytes()


LAYOUTS = st.builds(layout_of, st.lists(st.integers(1, 102), max_size=6), st.integers(0, 4))


# The form


@unhurried
@given(LAYOUTS, st.integers(0, 9), st.integers(0, 1000))
def test_packed_rows_expand_bit_for_bit(layout, n, seed):
    states, scores = drawn(layout, n, seed)
    rows = packed_rows(layout, states, scores)
    x = seen_by_networks(layout, states, scores)
    assert bits(layout.expand(rows)) == bits(x)
    assert bits(layout.get_features(rows)) == bits(torch.cat([states.float(), scores], dim=1))
    for some in (slice(1, 2), slice(None, None, 2), torch.arange(n)[torch.arange(n) % 3 == 0]):
        assert bits(layout.expand(rows[some])) == bits(x[some].contiguous())


@pytest.mark.parametrize(("segments", "dtype"), [([2**14] * 2, torch.int16), ([2**14, 2**14, 1], torch.int32)])
def test_two_bytes_hold_positions_up_to_32767_and_four_bytes_any(segments, dtype):
    layout = layout_of(segments, 2)
    states = torch.tensor([segments, [1] * len(segments)]) - 1  # the last and the first of each
    scores = torch.tensor([[0.25, -1.5], [3.5, 0.0]])
    rows = packed_rows(layout, states, scores)
    assert rows.dtype == dtype
    assert torch.equal(layout.expand(rows), seen_by_networks(layout, states, scores))
    assert torch.equal(layout.get_features(rows), torch.cat([states.float(), scores], dim=1))


def shop(n=3000):
    """Ten columns: numbers with and without gaps, counts, text, booleans and dates."""
    gaps = rng(1).random((n, 2)) < 0.1
    words = [np.array([f"value {i} of {k}" for i in range(k)]) for k in (5, 40, 300)]
    frame = pd.DataFrame({f"real {i}": rng(i).normal(size=n) for i in range(3)})
    frame["real 1"] = frame["real 1"].mask(gaps[:, 0])
    frame["age"], frame["amount"] = rng(3).integers(17, 91, n), rng(4).integers(0, 10**6, n)
    for word in words:
        frame[f"word {len(word)}"] = rng(5).choice(word, n)
    frame["word 40"] = frame["word 40"].mask(gaps[:, 1])
    frame["member"] = rng(6).random(n) < 0.3
    return frame.assign(day=pd.Timestamp("2020") + pd.to_timedelta(rng(7).integers(0, 10**8, n), unit="s"))


def test_an_encoded_table_takes_two_bytes_for_a_state_and_four_for_a_score():
    frame = shop()
    encoder = TableEncoder().fit(frame, rng())
    x = encoder.transform(frame, rng())
    n_states, n_scores = len(encoder.layout.segments), len(encoder.layout.gates)
    assert (n_states, n_scores) == (5, 6)
    assert x.numel() * x.element_size() == len(frame) * (2 * n_states + 4 * n_scores)
    assert x.numel() * x.element_size() < frame.memory_usage(deep=True, index=False).sum() / 2


def test_batches_come_from_the_rows_themselves_without_a_sorted_copy():
    x, c = points()
    samples = RealSamples(x, c, torch.tensor([0.5, 0.5]))
    held = [value for value in vars(samples).values() if isinstance(value, torch.Tensor) and value.ndim > 1]
    assert [tensor.data_ptr() for tensor in held] == [x.data_ptr()]


def test_a_table_is_read_where_it_lies():
    frame = shop(500)
    encoder = TableEncoder().fit(frame, rng())
    seen = encoder.check(frame)
    assert all(np.shares_memory(seen[f"real {i}"].to_numpy(), frame[f"real {i}"].to_numpy()) for i in range(3))
    assert encoder.check(frame[frame.columns[::-1]]).columns.tolist() == frame.columns.tolist()


# Training


class Counting:
    """An expansion that remembers how many rows it was given at a time."""

    def __init__(self, encoder):
        self.encoder, self.sizes = encoder, []

    def __call__(self, x):
        self.sizes.append(len(x))
        return self.encoder.expand(x)


def test_a_batch_of_packed_rows_is_that_of_expanded_ones_and_no_other_row_is_expanded():
    frame = shop(500)
    encoder = TableEncoder().fit(frame, rng())
    x, c, expand = encoder.transform(frame, rng()), torch.from_numpy(rng(8).integers(0, 3, 500)), Counting(encoder)
    lean = RealSamples(x, c, torch.tensor([0.2, 0.3, 0.5]), expand)
    wide = RealSamples(encoder.expand(x), c, torch.tensor([0.2, 0.3, 0.5]))
    for seed in range(5):
        (rows, codes), (expected, expected_codes) = (
            samples.draw(64, torch.Generator().manual_seed(seed)) for samples in (lean, wide)
        )
        assert bits(rows) == bits(expected) and torch.equal(codes, expected_codes)
    assert expand.sizes == [64] * 5


def test_training_on_rows_in_another_form_ends_with_the_same_weights():
    x, c = points()
    forms = [(x, identity), (x.view(torch.int32), lambda kept: kept.view(torch.float32))]
    ended = []
    for kept, expand in forms:
        plan = point_plan()
        state = point_state(plan)
        real = RealSamples(kept, c, torch.tensor([0.5, 0.5]), expand)
        list(train_gan(state, plan, real, lambda generator: 0.0))
        ended.append(weights(state.generator))
    assert equal(*ended)


class Unpacked:
    """An encoder of somebody else's: it knows nothing of packing, and gives rows as networks see them."""

    def __init__(self, **options):
        self.table = TableEncoder(**options)

    def fit(self, X, rng):
        self.table.fit(X, rng)
        return self

    def transform(self, X, rng):
        return self.table.expand(self.table.transform(X, rng))

    def __getattr__(self, name):
        if name in ("table", "expand", "pack"):
            raise AttributeError(name)
        return getattr(self.table, name)


def learned(augmenter):
    return {name: getattr(augmenter, name) for name in ("diversity_", "class_prior_", "filters_", "schema_")}


@pytest.mark.parametrize("filters", [JUDGED, "auto"])
def test_an_encoder_without_expansion_trains_the_same_model(filters):
    X = shop(2100)[["real 1", "age", "word 5", "word 300", "member"]]
    y = (X["age"] > 50).map({True: "old", False: "young"})
    augmenters = [
        quick_augmenter(modality=modality, filters=filters, max_steps=20, batch_size=32).fit(X, y)
        for modality in (TABLE, replace(TABLE, encoder=Unpacked))
    ]
    packed_one, unpacked_one = augmenters
    assert repr(learned(packed_one)) == repr(learned(unpacked_one))
    assert torch.equal(packed_one.model_.history, unpacked_one.model_.history)
    assert same_rows(packed_one.sample(200), unpacked_one.sample(200))


def test_expansion_is_the_encoders_own_or_none():
    assert get_expand(Unpacked()) is identity
    encoder = TableEncoder()
    assert get_expand(encoder) == encoder.expand


def test_held_out_rows_stay_as_they_were_encoded():
    frame, codes = shop(500), np.arange(500) % 2
    encoder = TableEncoder().fit(frame, rng())
    x = encoder.transform(frame, rng())
    data = hold_out(x, codes, 2, 0.2, rng(), encoder.expand)
    assert data.x.dtype == data.held_x.dtype == x.dtype and len(data.x) + len(data.held_x) == 500
    rows = torch.cat([data.x, data.held_x])
    assert torch.equal(rows.unique(dim=0), x.unique(dim=0))
    assert data.expand(data.x[:3]).shape == (3, encoder.layout.width)


def awkward():
    """A table with every kind of column: spikes, gaps, ids, look-ups, mixed objects, constants."""
    frame = shop(400)
    frame["id"] = [f"C{i:05d}" for i in range(400)]
    frame["follows"] = frame["word 5"].map(lambda word: f"group of {word}")
    frame["zeros"] = np.where(np.arange(400) % 2, 0.0, rng(8).normal(size=400))
    frame["same"] = 7
    frame["mixed"] = pd.Series([1, "1", None, True] * 100, dtype=object)
    frame["short"] = pd.Categorical(np.arange(400) % 3 == 0)
    frame["wide"] = rng(9).integers(0, 2**63, 400)
    return frame


@pytest.mark.filterwarnings("ignore:.*names rows:ganaug.DataWarning")
@pytest.mark.parametrize(
    "X", [awkward(), shop(50), awkward()[["age", "amount"]].to_numpy(), awkward()[["word 5", "age"]].to_numpy()]
)
def test_fit_transform_gives_what_fit_and_then_transform_give(X):
    apart, at_once = TableEncoder(), TableEncoder()
    expected = apart.fit(X, rng(1)).transform(X, rng(2))
    assert bits(at_once.fit_transform(X, rng(1), rng(2))) == bits(expected)
    assert at_once.to_json() == apart.to_json()


def test_an_encoder_without_fit_transform_is_fitted_and_then_transforms():
    frame = shop(400)
    x = fit_transform(Unpacked(), frame, rng(1), rng(2))
    encoder = TableEncoder()
    assert bits(x) == bits(encoder.expand(fit_transform(encoder, frame, rng(1), rng(2))))
