"""Samplers that break the contract in one place each.

A test suite is only as good as the faults it finds: every class in ``BROKEN`` names, as ``caught_by``, the
check of ``sampler_checks`` that must fail on it, and as ``fails_with`` the error if it is not an assertion's.
"""

from __future__ import annotations

import random
import time

import numpy as np
import pandas as pd
import torch
from imblearn.utils import check_sampling_strategy
from reference_sampler import GaussianSampler, fresh_seed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

# What is drawn


class AlwaysRaises(GaussianSampler):
    """Fails on every call."""

    caught_by = "check_values_are_finite_and_labels_known"
    fails_with = RuntimeError

    def sample(self, n=None, y=None, random_state=None):
        raise RuntimeError("broken")


class SamplesBeforeFit(GaussianSampler):
    """Invents rows without ever having seen data."""

    caught_by = "check_refuses_before_fit"

    def sample(self, n=None, y=None, random_state=None):
        if not hasattr(self, "means_"):
            return np.zeros((n, 3)), np.zeros(n)
        return super().sample(n, y, random_state)


class FitReturnsNone(GaussianSampler):
    """Cannot be chained: fit returns None."""

    caught_by = "check_fit_returns_self_and_clone_keeps_params"

    def fit(self, X, y):
        super().fit(X, y)

    def fit_resample(self, X, y):
        return clone(GaussianSampler(**self.get_params())).fit_resample(X, y)


class CloneForgetsTheSeed(GaussianSampler):
    """Leaves its seed out of get_params, so that a clone is another sampler."""

    caught_by = "check_seed_decides"

    def get_params(self, deep=True):
        return {"sampling_strategy": self.sampling_strategy}


class CloneChangesParams(GaussianSampler):
    """Hands a clone another seed than its own."""

    caught_by = "check_fit_returns_self_and_clone_keeps_params"

    def __sklearn_clone__(self):
        return type(self)(self.sampling_strategy, random_state=(self.random_state or 0) + 1)


class AllNaN(GaussianSampler):
    """Draws missing values only."""

    caught_by = "check_values_are_finite_and_labels_known"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        return X * np.nan, y


class OneInfinity(GaussianSampler):
    """One value in the last row overflows."""

    caught_by = "check_values_are_finite_and_labels_known"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        X[-1:] = np.inf
        return X, y


class LabelsSwapped(GaussianSampler):
    """Rows of each class under the other's label."""

    caught_by = "check_rows_belong_to_their_label"

    def fit(self, X, y):
        super().fit(X, y)
        self.means_ = self.means_[::-1]
        return self


class QuarterMislabelled(GaussianSampler):
    """Every fourth row of the minority comes from the majority."""

    caught_by = "check_rows_belong_to_their_label"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        minority = np.flatnonzero(np.asarray(y) == self.classes_[-1])[::4]
        X[minority] -= 10
        return X, y


class ResampleMislabels(GaussianSampler):
    """Only fit_resample puts majority rows under the minority label."""

    caught_by = "check_rows_belong_to_their_label"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        X_resampled[len(X) :] -= 10
        return X_resampled, y_resampled


class OneRowTooMany(GaussianSampler):
    """Off by one, upwards."""

    caught_by = "check_row_count_and_width"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n + 1 if isinstance(n, int) else n, y, random_state)


class OneRowTooFew(GaussianSampler):
    """Off by one, downwards, when the number is a multiple of 100."""

    caught_by = "check_row_count_and_width"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n - 1 if isinstance(n, int) and n % 100 == 0 else n, y, random_state)


class MajorityOnly(GaussianSampler):
    """Draws the common class and nothing else unless told."""

    caught_by = "check_values_are_finite_and_labels_known"

    def fit(self, X, y):
        super().fit(X, y)
        self.prior_ = (self.prior_ == self.prior_.max()).astype(float)
        return self


class TotalCollapse(GaussianSampler):
    """Every row of a class is the same."""

    caught_by = "check_rows_vary_within_each_class"

    def fit(self, X, y):
        super().fit(X, y)
        self.stds_ = self.stds_ * 0
        return self


class MinorityCollapse(GaussianSampler):
    """Only the rare class collapses, which the variance of all rows together hides."""

    caught_by = "check_rows_vary_within_each_class"

    def fit(self, X, y):
        super().fit(X, y)
        self.stds_[self.prior_.argmin()] = 0
        return self


class FewPrototypes(GaussianSampler):
    """Draws again and again from ten rows, so the variance looks right."""

    caught_by = "check_rows_vary_within_each_class"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        labels = np.asarray(y)
        for label in self.classes_:
            places = np.flatnonzero(labels == label)
            X[places] = X[places[np.arange(len(places)) % 10]]
        return X, y


class CopiesRealRows(GaussianSampler):
    """Sells training rows as synthetic ones."""

    caught_by = "check_rows_are_not_copies"

    def fit(self, X, y):
        super().fit(X, y)
        self.rows_, self.labels_ = np.array(X), np.array(y)
        return self

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        rng = np.random.default_rng(fresh_seed(self.random_state if random_state is None else random_state))
        for i, label in enumerate(y):
            X[i] = rng.choice(self.rows_[self.labels_ == label])
        return X, y


class OneCopyPerResample(GaussianSampler):
    """A single real row slips into what fit_resample adds."""

    caught_by = "check_rows_are_not_copies"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        X_resampled[-1] = X[np.flatnonzero(y == y_resampled[-1])[0]]
        return X_resampled, y_resampled


class DropsLabels(GaussianSampler):
    """Returns rows without labels."""

    caught_by = "check_row_count_and_width"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, y, random_state)[0]


class ApproximateCounts(GaussianSampler):
    """Takes {label: n} as proportions."""

    caught_by = "check_counts_per_label_are_exact"

    def sample(self, n=None, y=None, random_state=None):
        if isinstance(n, dict):
            total = sum(n.values())
            rng = np.random.default_rng(total)
            n = dict(zip(n, rng.multinomial(total, np.array(list(n.values())) / total), strict=True))
            n = {label: count + (len(n) == 1) for label, count in n.items()}
        return super().sample(n, y, random_state)


class IgnoresTheRequestedLabel(GaussianSampler):
    """``sample(n, y=label)`` draws from the prior."""

    caught_by = "check_requested_labels_come_in_order"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, y if n is None else None, random_state)


class SortsTheRequestedLabels(GaussianSampler):
    """``sample(y=array)`` has the right counts in the wrong order."""

    caught_by = "check_requested_labels_come_in_order"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, np.sort(y) if np.ndim(y) else y, random_state)


# Randomness


class DrawsFromNumpysGlobal(GaussianSampler):
    """Unseeded: draws from numpy's global generator."""

    caught_by = "check_seed_decides"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, y, np.random.randint(2**31))


class DrawsFromTorchsGlobal(GaussianSampler):
    """Weights start from torch's global generator, as `torch.nn.Linear` does."""

    caught_by = "check_global_randomness_is_left_alone"

    def fit(self, X, y):
        super().fit(X, y)
        self.means_ = self.means_ + 1e-3 * torch.randn(1).item()
        return self


class AdvancesPythonsGlobal(GaussianSampler):
    """Draws from `random` without using the number."""

    caught_by = "check_global_randomness_is_left_alone"

    def sample(self, n=None, y=None, random_state=None):
        random.random()
        return super().sample(n, y, random_state)


class ReadsTheGlobalState(GaussianSampler):
    """Derives its seed from the global state without advancing it."""

    caught_by = "check_global_randomness_is_left_alone"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, y, int(np.random.get_state()[1][0]))


class ReseedsTheGlobals(GaussianSampler):
    """Seeds everybody's generators with 0."""

    caught_by = "check_global_randomness_is_left_alone"

    def fit(self, X, y):
        np.random.seed(0)
        torch.manual_seed(0)
        return super().fit(X, y)


class BorrowsTheGlobals(GaussianSampler):
    """Seeds the global generator, and puts the old state back afterwards."""

    caught_by = "check_global_generators_are_not_even_borrowed"

    def sample(self, n=None, y=None, random_state=None):
        state = np.random.get_state()
        try:
            np.random.seed(0)
            return super().sample(n, y, random_state)
        finally:
            np.random.set_state(state)


class IgnoresTheSeedOfTheCall(GaussianSampler):
    """``sample(random_state=...)`` changes nothing."""

    caught_by = "check_other_seeds_give_other_rows"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, y)


class IgnoresTheSeedOfTheConstructor(GaussianSampler):
    """Every sampler draws with seed 0."""

    caught_by = "check_other_seeds_give_other_rows"

    def sample(self, n=None, y=None, random_state=None):
        return super().sample(n, y, 0 if random_state is None else random_state)


class NoPrefix(GaussianSampler):
    """The seed depends on the number of rows."""

    caught_by = "check_fewer_rows_are_a_prefix_of_more"

    def sample(self, n=None, y=None, random_state=None):
        seed = fresh_seed(self.random_state if random_state is None else random_state)
        return super().sample(n, y, seed + n if isinstance(n, int) else seed)


# State


class ConsumesItsState(GaussianSampler):
    """A second call continues where the first stopped."""

    caught_by = "check_sampling_changes_nothing"

    def sample(self, n=None, y=None, random_state=None):
        check_is_fitted(self)
        self.calls_ = getattr(self, "calls_", 0) + 1
        return super().sample(n, y, self.calls_ if random_state is None else random_state)


class RemembersTheLastSeed(GaussianSampler):
    """The seed of one call becomes the seed of the next."""

    caught_by = "check_sampling_changes_nothing"

    def sample(self, n=None, y=None, random_state=None):
        if random_state is not None:
            self.random_state = fresh_seed(random_state)
        return super().sample(n, y)


class FitChangesParams(GaussianSampler):
    """Resolves "auto" in place."""

    caught_by = "check_fitting_leaves_params_alone"

    def fit(self, X, y):
        if self.sampling_strategy == "auto":
            self.sampling_strategy = "not majority"
        return super().fit(X, y)


class PickleWithoutWeights(GaussianSampler):
    """Pickle keeps the shape of the model and none of its numbers."""

    caught_by = "check_pickle_and_deepcopy_keep_the_model"

    def __getstate__(self):
        state = dict(super().__getstate__())
        return state | ({"means_": np.zeros_like(self.means_)} if "means_" in state else {})


class DeepcopyIsAClone(GaussianSampler):
    """A copy has to be fitted again."""

    caught_by = "check_pickle_and_deepcopy_keep_the_model"
    fails_with = NotFittedError

    def __deepcopy__(self, memo):
        return clone(self)


class KeepsTheFirstFit(GaussianSampler):
    """Averages the statistics of all fits so far."""

    caught_by = "check_second_fit_forgets_the_first"

    def fit(self, X, y):
        before = getattr(self, "means_", None)
        super().fit(X, y)
        if before is not None and before.shape == self.means_.shape:
            self.means_ = (self.means_ + before) / 2
        return self


class ResamplesWithTheModelAtHand(GaussianSampler):
    """fit_resample does not fit when it is fitted already."""

    caught_by = "check_second_fit_forgets_the_first"
    fails_with = ValueError

    def fit_resample(self, X, y):
        if not hasattr(self, "means_"):
            self.fit(X, y)
        extra_X, extra_y = self.sample(self._missing(y))
        return np.concatenate([X, extra_X]), np.concatenate([y, extra_y])


class SharesScratchAcrossThreads(GaussianSampler):
    """Passes the seed from line to line through an attribute."""

    caught_by = "check_threads_do_not_disturb_each_other"

    def fit(self, X, y):
        self.scratch_ = None
        return super().fit(X, y)

    def sample(self, n=None, y=None, random_state=None):
        check_is_fitted(self)
        self.scratch_ = fresh_seed(self.random_state if random_state is None else random_state)
        time.sleep(0.002)
        return super().sample(n, y, self.scratch_)


# The caller's data


class ZeroesTheCallersRows(GaussianSampler):
    """Scales in place."""

    caught_by = "check_inputs_are_unchanged"

    def fit(self, X, y):
        super().fit(X, y)
        X *= 0
        return self


class ChangesTheCallersLabels(GaussianSampler):
    """Encodes the labels in place."""

    caught_by = "check_inputs_are_unchanged"

    def fit_resample(self, X, y):
        resampled = super().fit_resample(X, y)
        y[:] = np.unique(y, return_inverse=True)[1][::-1]
        return resampled


class UsesTheInputAsScratch(GaussianSampler):
    """Centres the rows in place and puts them back."""

    caught_by = "check_read_only_data_is_enough"
    fails_with = ValueError

    def fit(self, X, y):
        if isinstance(X, np.ndarray) and X.dtype == float:
            X += 0
        return super().fit(X, y)


class HandsTheInputBack(GaussianSampler):
    """With nothing to add, the result is the caller's own array."""

    caught_by = "check_result_is_not_the_callers_memory"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        return (X, y) if len(y_resampled) == len(y) else (X_resampled, y_resampled)


# fit_resample


class ShufflesRealRows(GaussianSampler):
    """Rows and labels shuffled together."""

    caught_by = "check_resample_keeps_real_rows_first"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        order = np.random.default_rng(0).permutation(len(y_resampled))
        return X_resampled[order], y_resampled[order]


class MisalignsRealRows(GaussianSampler):
    """Real rows sorted by class, their labels not."""

    caught_by = "check_resample_keeps_real_rows_first"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        X_resampled[: len(X)] = X[np.argsort(y)]
        return X_resampled, y_resampled


class RealRowsLast(GaussianSampler):
    """Synthetic rows come first."""

    caught_by = "check_resample_keeps_real_rows_first"

    def fit_resample(self, X, y):
        return tuple(np.roll(part, -len(y), axis=0) for part in super().fit_resample(X, y))


class RoundsRealRows(GaussianSampler):
    """Real rows make the way through single precision."""

    caught_by = "check_resample_keeps_real_rows_first"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        return X_resampled.astype(np.float32).astype(X.dtype), y_resampled


class DoesNotBalance(GaussianSampler):
    """Fills up half of what is missing."""

    caught_by = "check_resample_balances"

    def _missing(self, y):
        return {label: count // 2 for label, count in super()._missing(y).items()}


class BalancesTwoClassesOnly(GaussianSampler):
    """Fills up the smallest class and leaves a third as it is."""

    caught_by = "check_resample_balances"

    def _missing(self, y):
        missing = super()._missing(y)
        return missing if len(np.unique(y)) < 3 else {max(missing, key=missing.get): max(missing.values())}


class IgnoresTheStrategy(GaussianSampler):
    """Balances whatever ``sampling_strategy`` says."""

    caught_by = "check_sampling_strategy_is_exact"

    def _missing(self, y):
        return dict(check_sampling_strategy("auto", np.asarray(y), "over-sampling"))


class AddsTheTotals(GaussianSampler):
    """Takes {label: total} as {label: how many to add}."""

    caught_by = "check_sampling_strategy_is_exact"

    def _missing(self, y):
        return self.sampling_strategy if isinstance(self.sampling_strategy, dict) else super()._missing(y)


# Containers and dtypes


class DoublePrecisionAlways(GaussianSampler):
    """Single precision comes back as double."""

    caught_by = "check_dtypes_are_kept"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        return X.astype(float), y


class WideLabels(GaussianSampler):
    """Integer labels come back as 64 bit, whatever they were."""

    caught_by = "check_dtypes_are_kept"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        return X, y.astype(np.int64) if y.dtype.kind in "ib" else y


class TextLabels(GaussianSampler):
    """Labels come back as text."""

    caught_by = "check_values_are_finite_and_labels_known"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        return X, y.astype(str)


class FrameBecomesArray(GaussianSampler):
    """Column names get lost."""

    caught_by = "check_frame_in_frame_out"

    def sample(self, n=None, y=None, random_state=None):
        return tuple(np.asarray(part) for part in super().sample(n, y, random_state))

    def fit_resample(self, X, y):
        return tuple(np.asarray(part) for part in super().fit_resample(np.asarray(X), np.asarray(y)))


class SortsColumns(GaussianSampler):
    """Columns come back in alphabetical order."""

    caught_by = "check_frame_in_frame_out"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        return (X.sort_index(axis=1) if isinstance(X, pd.DataFrame) else X), y


class IntegersBecomeFloats(GaussianSampler):
    """A column of whole numbers comes back as floats."""

    caught_by = "check_frame_in_frame_out"

    def sample(self, n=None, y=None, random_state=None):
        X, y = super().sample(n, y, random_state)
        return (X.astype(float) if isinstance(X, pd.DataFrame) else X), y


class LabelsLoseTheirName(GaussianSampler):
    """The label column comes back unnamed."""

    caught_by = "check_frame_in_frame_out"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        return X_resampled, y_resampled.rename(None) if isinstance(y, pd.Series) else y_resampled


class IndexesDisagree(GaussianSampler):
    """Rows keep their old index, labels get a new one, and a join of both mixes them up."""

    caught_by = "check_frame_in_frame_out"

    def fit_resample(self, X, y):
        X_resampled, y_resampled = super().fit_resample(X, y)
        if isinstance(X, pd.DataFrame):
            X_resampled.index = X_resampled.index[::-1]
        return X_resampled, y_resampled


BROKEN = [
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, GaussianSampler) and value is not GaussianSampler
]
