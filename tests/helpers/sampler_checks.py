"""How every sampler must behave; scikit-learn's own suite never calls ``sample`` or ``fit_resample``.

Each ``check_*(sampler)`` takes an unfitted sampler with the methods of scikit-learn's `BaseEstimator`,
works on clones of it, and raises when the sampler misbehaves. ``LEARNING_CHECKS`` need a sampler that has
learned where the two classes lie; ``CONTRACT_CHECKS`` hold however little it was trained.
``broken_samplers.py`` proves that every check can fail.
"""

from __future__ import annotations

import copy
import pickle
import random
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

SIZES = (60, 20)
GAP = 10.0


def blobs(sizes=SIZES, dtype=float):
    """Classes ten standard deviations apart, so that a row under the wrong label is unmistakable."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(GAP * code, 1, (size, 3)) for code, size in enumerate(sizes)])
    y = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(y))  # sorted by class, "shuffled" and "real rows first" would look alike
    return X[order].astype(dtype), y[order]


def frame_blobs():
    """The same as a frame: unsorted columns, three dtypes, an index that is not 0, 1, 2 ..."""
    X, y = blobs()
    index = pd.Index([f"row{i}" for i in range(len(y))])[::-1]
    columns = {"z": X[:, 0], "a": X[:, 1].astype(np.float32), "m": np.rint(X[:, 2]).astype(np.int64)}
    labels = np.array(["no", "yes"])[y]
    return pd.DataFrame(columns, index=index), pd.Series(labels, index=index, name="churn")


def fitted(sampler, X=None, y=None):
    """Return a fitted clone; on the blobs when no data is given."""
    X, y = blobs() if X is None else (X, y)
    sampler = clone(sampler)
    sampler.fit(X, y)
    return sampler


def draw(sampler, *args, **kwargs):
    """Call ``sample`` and insist on a pair of equal length."""
    pair = sampler.sample(*args, **kwargs)
    assert isinstance(pair, tuple) and len(pair) == 2, "sample returns the pair (X, y)"
    assert len(pair[0]) == len(pair[1]), f"{len(pair[0])} rows, {len(pair[1])} labels"
    return pair


def same(first, second):
    """Whether two (X, y) pairs are equal bit for bit."""
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(first, second, strict=True))


def described(sampler):
    """The parameters as text, which no later change can reach."""
    return {name: repr(value) for name, value in sampler.get_params().items()}


def home_class(X):
    """The blob that each row lies in: 0 or 1."""
    return (np.asarray(X, float).mean(axis=1) > GAP / 2).astype(int)


def global_states():
    return pickle.dumps((random.getstate(), np.random.get_state(), torch.get_rng_state().numpy().tobytes()))


def set_global_states(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


# What is drawn


def check_refuses_before_fit(sampler):
    with pytest.raises(NotFittedError):
        clone(sampler).sample(5)


def check_fit_returns_self_and_clone_keeps_params(sampler):
    X, y = blobs()
    copied = clone(sampler)
    assert described(copied) == described(sampler)
    assert "sampling_strategy" in copied.get_params()
    assert copied.fit(X, y) is copied


def check_row_count_and_width(sampler):
    model = fitted(sampler)
    for n in (1, 2, 7, 100, 257):
        X, y = draw(model, n)
        assert X.shape == (n, 3) and y.shape == (n,), f"sample({n}) gave {X.shape} and {y.shape}"


def check_values_are_finite_and_labels_known(sampler):
    X, y = draw(fitted(sampler), 300)
    assert np.isfinite(X).all()
    assert set(np.unique(y)) == {0, 1}, "300 rows of a 3 : 1 mixture hold both labels and no other"


def check_rows_belong_to_their_label(sampler):
    X, y = blobs()
    wanted = np.arange(100) % 2
    model = fitted(sampler)
    resampled = clone(sampler).fit_resample(X, y)
    added = tuple(part[len(y) :] for part in resampled)
    drawn = [draw(model, 200), draw(model, {0: 50, 1: 50}), draw(model, y=wanted), draw(model, 50, y=1)]
    for rows, labels in [*drawn, added]:
        for label in np.unique(labels):
            share = (home_class(rows[labels == label]) == label).mean()
            assert share > 0.9, f"only {share:.0%} of the rows labelled {label} lie in class {label}"


def check_rows_vary_within_each_class(sampler):
    X, y = draw(fitted(sampler), {0: 150, 1: 150})
    for label in (0, 1):
        rows = X[y == label]
        assert (rows.std(axis=0) > 0.1).all(), f"class {label} has collapsed: {rows.std(axis=0)}"
        assert len(np.unique(rows, axis=0)) > 0.9 * len(rows), f"class {label} repeats its rows"


def check_rows_are_not_copies(sampler):
    X, y = blobs()
    real = {row.tobytes() for row in X}
    X_resampled, _ = clone(sampler).fit_resample(X, y)
    for rows in (draw(fitted(sampler), 200)[0], X_resampled[len(X) :]):
        copies = sum(row.tobytes() in real for row in np.ascontiguousarray(rows))
        assert copies == 0, f"{copies} of {len(rows)} rows are copies of real rows"


def check_counts_per_label_are_exact(sampler):
    model = fitted(sampler)
    for wanted in ({0: 13, 1: 29}, {1: 40}, {0: 1}):
        assert Counter(draw(model, wanted)[1].tolist()) == wanted


def check_requested_labels_come_in_order(sampler):
    model = fitted(sampler)
    assert draw(model, 17, y=1)[1].tolist() == [1] * 17
    wanted = np.random.default_rng(1).integers(0, 2, 60)
    assert np.array_equal(draw(model, y=wanted)[1], wanted)


# Randomness


def check_seed_decides(sampler):
    outcomes = []
    # Both states are set here: what another test left behind could happen to be the second.
    for state in (111, 999):
        set_global_states(state)
        model = fitted(sampler)
        drawn = draw(model, 50), draw(model, 50, random_state=7)
        outcomes.append([*drawn, clone(sampler).fit_resample(*blobs())])
    for first, second in zip(*outcomes, strict=True):
        assert same(first, second), "the same data and seed gave other rows"


def check_other_seeds_give_other_rows(sampler):
    model = fitted(sampler)
    assert not same(draw(model, 50, random_state=1), draw(model, 50, random_state=2))
    stream = np.random.default_rng(3)
    assert not same(draw(model, 50, random_state=stream), draw(model, 50, random_state=stream))
    if "random_state" in sampler.get_params():
        other = fitted(clone(sampler).set_params(random_state=4321))
        assert not same(draw(model, 50), draw(other, 50)), "the constructor's seed changes nothing"


def check_fewer_rows_are_a_prefix_of_more(sampler):
    model = fitted(sampler)
    longest, longest_ones = draw(model, 300), draw(model, 300, y=1)
    for n in (1, 2, 63, 64, 65, 299):
        assert same(draw(model, n), [part[:n] for part in longest]), f"sample({n}) is no prefix"
        ones = draw(model, n, y=1)
        assert same(ones, [part[:n] for part in longest_ones]), f"sample({n}, y=1) is no prefix"


def check_global_randomness_is_left_alone(sampler):
    # An odd state: what reseeds with 0 goes unseen where the state is that of seed 0 already.
    outcomes = []
    for seed in (12345, 54321):
        set_global_states(seed)
        before = global_states()
        model = fitted(sampler)
        outcomes.append([*draw(model, 20), *clone(sampler).fit_resample(*blobs())])
        assert global_states() == before, "the global generators were advanced or reseeded"
    assert same(*outcomes), "the result depends on the global generators"


def check_global_generators_are_not_even_borrowed(sampler):
    # Seeding and restoring leaves no trace here, but breaks whoever draws in another thread meanwhile.
    names = ["random.seed", "random.setstate", "numpy.random.seed", "numpy.random.set_state"]
    names += ["torch.manual_seed", "torch.set_rng_state"]
    names += ["torch.random.manual_seed", "torch.random.set_rng_state"]
    spies = [mock.patch(name, side_effect=AssertionError(f"{name} was called")) for name in names]
    for spy in spies:
        spy.start()
    try:
        draw(fitted(sampler), 5)
        clone(sampler).fit_resample(*blobs())
    finally:
        for spy in spies:
            spy.stop()


# State


def check_sampling_changes_nothing(sampler):
    model = fitted(sampler)
    params, attributes, first = described(model), set(vars(model)), draw(model, 50)
    draw(model, 9, random_state=5)
    draw(model, {1: 4})
    assert same(first, draw(model, 50)), "a second call with the same seed gave other rows"
    assert described(model) == params and set(vars(model)) == attributes


def check_fitting_leaves_params_alone(sampler):
    model = clone(sampler)
    before = described(model)
    model.fit(*blobs())
    model.fit_resample(*blobs())
    assert described(model) == before


def check_pickle_and_deepcopy_keep_the_model(sampler):
    model = fitted(sampler)
    expected = draw(model, 50)
    assert same(expected, draw(pickle.loads(pickle.dumps(model)), 50)), "pickle loses the model"
    assert same(expected, draw(copy.deepcopy(model), 50)), "deepcopy loses the model"


def check_second_fit_forgets_the_first(sampler):
    X, y = blobs()
    model = fitted(sampler, X + 1000, np.array(["p", "q"])[y])
    model.fit(X, y)
    assert same(draw(model, 50), draw(fitted(sampler), 50))
    used = fitted(sampler, X[:, :2] + 1000, 1 - y)
    assert same(used.fit_resample(X, y), clone(sampler).fit_resample(X, y)), "an old model was used"


def check_threads_do_not_disturb_each_other(sampler):
    shared, seeds = fitted(sampler), range(4)
    alone = [draw(shared, 40, random_state=seed) for seed in seeds]
    start = threading.Barrier(4)

    def together(seed):
        start.wait(timeout=30)
        return draw(shared, 40, random_state=seed), draw(fitted(sampler), 40)

    model = draw(shared, 40)
    with ThreadPoolExecutor(4) as pool:
        for expected, (drawn, refitted) in zip(alone, pool.map(together, seeds), strict=True):
            assert same(expected, drawn), "samples drawn in threads differ from those drawn alone"
            assert same(model, refitted), "a fit in a thread differs from a fit alone"


# The caller's data


def check_inputs_are_unchanged(sampler):
    X, y = blobs()
    for method in ("fit", "fit_resample"):
        X_given, y_given = X.copy(), y.copy()
        getattr(clone(sampler), method)(X_given, y_given)
        assert same((X_given, y_given), (X, y)), f"{method} changed the caller's data"
    frame, labels = frame_blobs()
    frame_given, labels_given = frame.copy(), labels.copy()
    clone(sampler).fit_resample(frame_given, labels_given)
    pd.testing.assert_frame_equal(frame_given, frame)
    pd.testing.assert_series_equal(labels_given, labels)


def check_read_only_data_is_enough(sampler):
    X, y = blobs()
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("X", X), ("y", y)):
            np.save(Path(folder, f"{name}.npy"), part)
        X_disk, y_disk = (np.load(Path(folder, f"{name}.npy"), mmap_mode="r") for name in "Xy")
        assert same(draw(fitted(sampler, X_disk, y_disk), 20), draw(fitted(sampler), 20))
        assert same(clone(sampler).fit_resample(X_disk, y_disk), clone(sampler).fit_resample(X, y))
        del X_disk, y_disk


def check_result_is_not_the_callers_memory(sampler):
    X, y = blobs((20, 20))  # balanced: nothing to add, the case where handing the input back is tempting
    X_resampled, y_resampled = clone(sampler).fit_resample(X, y)
    assert same((X_resampled, y_resampled), (X, y))
    assert not np.shares_memory(X_resampled, X) and not np.shares_memory(y_resampled, y)


# fit_resample


def check_resample_keeps_real_rows_first(sampler):
    X, y = blobs()
    X_resampled, y_resampled = clone(sampler).fit_resample(X, y)
    assert np.array_equal(X_resampled[: len(X)], X) and np.array_equal(y_resampled[: len(y)], y)


def check_resample_balances(sampler):
    for sizes in (SIZES, (30, 10, 20)):
        _, y = clone(sampler).fit_resample(*blobs(sizes))
        assert Counter(y.tolist()) == dict.fromkeys(range(len(sizes)), max(sizes))


def check_sampling_strategy_is_exact(sampler):
    cases = [(0.5, {0: 60, 1: 30}), ({0: 60, 1: 33}, {0: 60, 1: 33}), ({0: 71}, {0: 71, 1: 20})]
    cases += [("minority", {0: 60, 1: 60}), ("not minority", {0: 60, 1: 20})]
    cases += [(lambda y: {1: 25}, {0: 60, 1: 25})]
    for strategy, expected in cases:
        _, y = clone(sampler).set_params(sampling_strategy=strategy).fit_resample(*blobs())
        assert Counter(y.tolist()) == expected, f"sampling_strategy={strategy!r} gave {Counter(y.tolist())}"


# Containers and dtypes


def check_dtypes_are_kept(sampler):
    _, codes = blobs()
    words = np.array(["no", "yes"])[codes]
    label_kinds = [codes.astype(np.int32), words, words.astype(object), codes.astype(bool), codes + 0.0]
    cases = [(np.float32, codes)] + [(float, labels) for labels in label_kinds] + [(np.int64, codes)]
    for dtype, y in cases:
        X, _ = blobs(dtype=dtype)
        model = fitted(sampler, X, y)
        for rows, labels in (draw(model, 20), clone(sampler).fit_resample(X, y)):
            given, got = (X.dtype, y.dtype), (rows.dtype, labels.dtype)
            assert got == given, f"{given} became {got}"
            assert set(labels.tolist()) <= set(y.tolist())


def check_frame_in_frame_out(sampler):
    X, words = frame_blobs()
    for y in (words, words.astype("category"), (words == "yes").rename(None)):
        model = fitted(sampler, X, y)
        resampled = clone(sampler).fit_resample(X, y)
        for rows, labels in (draw(model, 20), draw(model, 5, y=y.iloc[0]), resampled):
            assert isinstance(rows, pd.DataFrame) and isinstance(labels, pd.Series)
            assert rows.columns.equals(X.columns) and rows.dtypes.equals(X.dtypes)
            assert labels.name == y.name and labels.dtype == y.dtype
            assert rows.index.equals(labels.index) and rows.index.is_unique
            assert not rows.isna().any(axis=None) and not labels.isna().any()
        kept = tuple(part.iloc[: len(y)].reset_index(drop=True) for part in resampled)
        pd.testing.assert_frame_equal(kept[0], X.reset_index(drop=True))
        pd.testing.assert_series_equal(kept[1], y.reset_index(drop=True))


CHECKS = [function for name, function in list(globals().items()) if name.startswith("check_")]
LEARNING_CHECKS = [
    check_rows_belong_to_their_label,
    check_rows_vary_within_each_class,
    check_rows_are_not_copies,
]
CONTRACT_CHECKS = [check for check in CHECKS if check not in LEARNING_CHECKS]
