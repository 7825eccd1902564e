"""Weigh encoded candidates by judges, and draw those to keep by weight.

A judge is one or several classifiers (boosted trees for tables, small networks for images), cross-fitted on the
training samples: each is trained without one part of them, and its output on that part calibrates them, so that
overfitting is not taken for confidence. Each judge gives one log-weight per candidate; `draw_candidates` keeps a fixed
number of every block of candidates, without replacement, in proportion to the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..modality import Classifier, Learner, Reader
from ..rng import numpy_stream, torch_stream
from ..threads import count_workers, map_in_threads
from .forest import Forest
from .raking import RakingWeights, inclusion_probabilities
from .trees import Trees

_MAX_ROWS = 60_000  # for each classifier; more rows cost time and hardly help
_MAX_REAL = 40_000  # real rows among them, beside candidates
_FEW_ROWS = 10_000  # real ones below which there are more parts, so that each classifier learns from more rows
_FEW_OF_CLASS = 100  # rows of a class below which densities are not compared
_MANY_OF_CLASS = 10_000  # rows of each class from which one classifier learns from all rows
_LOWEST = -20.0  # log-odds are clipped to [_LOWEST, -_LOWEST]


@dataclass(frozen=True)
class Samples:
    """Input of a judge: ``features`` of shape (n, d) or (n, ...), and class ``codes`` of shape (n,)."""

    features: Tensor
    codes: Tensor

    def rows(self, index: Any) -> Samples:
        """Return the rows at `index`."""
        return Samples(self.features[index], self.codes[index])

    def with_class(self) -> Tensor:
        """Return the features with the class as one more."""
        return torch.cat([self.features, self.codes.unsqueeze(1).to(self.features.dtype)], dim=1)


@dataclass(frozen=True)
class Candidates(Samples):
    """Generated samples with their log-weights so far, shape (n,); one in `keep_one_in` is kept."""

    weights: Tensor
    keep_one_in: int


@dataclass(frozen=True)
class Judge:
    """A fitted filter.

    Attributes
    ----------
    name : str
        Key in `FILTERS`.
    classifiers : tuple of Classifier
        One for each part of the training rows, trained without it; for many rows, one trained on all.
    slopes : tuple of float
        Calibration factor of the log-odds of each classifier.
    classes : tuple of int
        Class codes that the judge weighs; one for each output, if there is one output per class.
    strength : float
        Factor of the log-weight; 0 switches the judge off.
    """

    name: str
    classifiers: tuple[Classifier, ...]
    slopes: tuple[float, ...]
    classes: tuple[int, ...] = ()
    strength: float = 1.0

    def log_weight(self, samples: Samples) -> Tensor:
        """Return one log-weight per candidate, shape (n,), larger for those to keep."""
        return self.strength * FILTERS[self.name].weigh(self, samples)

    def classify(self, x: Tensor) -> list[Tensor]:
        """Return the outputs of each classifier for features of shape (n, d); trees are evaluated together."""
        return [part(x) for part in self.classifiers] if self._forest is None else self._forest(x)

    @cached_property
    def _forest(self) -> Forest | None:
        trees = [part for part in self.classifiers if isinstance(part, Trees)]
        return Forest.of(trees) if trees and len(trees) == len(self.classifiers) else None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_forest"}  # made again where it is used

    def to_json(self) -> dict[str, Any]:
        """Return everything but the tensors."""
        facts = {"name": self.name, "slopes": list(self.slopes), "classes": list(self.classes)}
        return facts | {"strength": self.strength, "shapes": [part.to_json() for part in self.classifiers]}

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors under unique names."""
        parts = enumerate(self.classifiers)
        return {f"{_prefix(self.name, i)}{k}": v for i, part in parts for k, v in part.tensors().items()}

    @staticmethod
    def expected(facts: Mapping[str, Any], learner: Learner) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return name, dtype and shape of each tensor of the judge whose `to_json` gave `facts`."""
        parts, own = enumerate(facts["shapes"]), FILTERS[facts["name"]].learner or learner
        return {f"{_prefix(facts['name'], i)}{k}": v for i, part in parts for k, v in own.expected(part).items()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor], learner: Learner) -> Judge:
        """Return the judge that `to_json` and `tensors` described."""
        classifiers = []
        for i, part in enumerate(facts["shapes"]):
            prefix = _prefix(facts["name"], i)
            own = {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
            classifiers.append((FILTERS[facts["name"]].learner or learner).from_json(part, own))
        return cls(
            facts["name"], tuple(classifiers), tuple(facts["slopes"]), tuple(facts["classes"]), facts["strength"]
        )


def _prefix(name: str, part: int) -> str:
    return f"judge.{name}.{part}."


@dataclass(frozen=True)
class Filter:
    """One kind of judge: how to fit it, and how it weighs.

    Attributes
    ----------
    fit : callable
        ``fit(real, candidates, seed, learner) -> Judge or None``; None if the data are too few to learn from.
        Filters are fitted in the order of `FILTERS`; one that `corrects` takes `Candidates`, weighted by the others.
    weigh : callable
        ``weigh(judge, samples) -> Tensor`` of shape (n,), log-weights at strength 1.
    reason : str
        Reason to drop a candidate, for reports.
    compares : bool
        Whether `fit` uses candidates.
    corrects : bool
        Whether it corrects the residual of earlier filters, and is therefore fitted after their strengths are set.
    learner : Reader or None
        Reads its classifiers from a file; None takes the modality's.
    """

    fit: Callable[[Samples, Any, int, Learner], Judge | None]
    weigh: Callable[[Judge, Samples], Tensor]
    reason: str
    compares: bool = True
    corrects: bool = False
    learner: Reader | None = None


def fit_density_ratio(real: Samples, candidates: Samples, seed: int, learner: Learner = Trees) -> Judge | None:
    """Fit a judge of realism: how much more likely a row is real than generated.

    The odds of a calibrated classifier estimate the ratio of the two densities; drawing candidates by it is sampling
    importance resampling: Azadi et al., "Discriminator Rejection Sampling", ICLR 2019; Grover et al., "Bias
    Correction of Learned Generative Models using Likelihood-Free Importance Weighting", NeurIPS 2019.
    """
    # 1. Classes with rows enough: densities of few rows are mostly chance
    classes, sizes = torch.unique(real.codes, return_counts=True)
    common = classes[sizes >= _FEW_OF_CLASS]
    common = common if len(common) else classes
    candidates = candidates.rows(torch.isin(candidates.codes, common))
    real = real.rows(torch.isin(real.codes, common))
    if min(len(real.codes), len(candidates.codes)) < 20:
        return None

    # 2. Classify real against generated, by cross-fitting
    rng = numpy_stream(seed, "density_ratio")
    real = real.rows(torch.from_numpy(rng.permutation(len(real.codes))[:_MAX_REAL]))
    X = torch.cat([real.with_class(), candidates.with_class()])
    y = torch.arange(len(X)) < len(real.codes)
    parts = _assign_parts(torch.cat([real.codes, candidates.codes]) * 2 + y, len(real.codes), rng)
    classifiers, unseen = _cross_fit(learner, X, y.long(), parts, seed)

    # 3. Calibrate the log-odds, without the prior of unequal numbers
    even = math.log(len(candidates.codes) / len(real.codes))
    slope = _fit_slope(unseen[:, 0] + even, y.float(), even)
    return Judge("density_ratio", classifiers, (slope,) * len(classifiers), tuple(common.tolist()))


def weigh_density_ratio(judge: Judge, samples: Samples) -> Tensor:
    """Return the mean calibrated log-odds of being real, up to a constant; 0 for classes of too few rows."""
    X = samples.with_class()
    log_odds = [slope * odds[:, 0] for odds, slope in zip(judge.classify(X), judge.slopes, strict=True)]
    mean = torch.stack(log_odds).mean(0).clamp(_LOWEST, -_LOWEST)
    return torch.where(torch.isin(samples.codes, torch.tensor(judge.classes)), mean, 0.0)


def fit_label_agreement(real: Samples, candidates: Samples, seed: int, learner: Learner = Trees) -> Judge | None:
    """Fit a judge of label agreement: how likely a row has the label it was generated for.

    Filtering generated samples by a classifier of the real ones follows Lampis et al., "Bridging the Gap: Enhancing
    the Utility of Synthetic Data via Post-Processing Techniques", BMVC 2023. Calibration on unseen rows keeps an
    overfitted classifier from being overconfident.
    """
    rng = numpy_stream(seed, "label_agreement")
    known, sizes = torch.unique(real.codes, return_counts=True)
    known = known[sizes > 1]  # one row to learn from, and one in another part to calibrate on
    if len(known) < 2:
        return None
    real = real.rows(torch.isin(real.codes, known))
    y = torch.searchsorted(known, real.codes)
    classifiers, unseen = _cross_fit(learner, real.features, y, _assign_parts(y, len(y), rng), seed)
    slope = _fit_temperature(_one_logit_per_class(unseen), y)
    return Judge("label_agreement", classifiers, (slope,) * len(classifiers), tuple(known.tolist()))


def weigh_label_agreement(judge: Judge, samples: Samples) -> Tensor:
    """Return the log of the mean probability of each row's own label; 0 for labels the judge does not know."""
    known = torch.tensor(judge.classes)
    position = torch.searchsorted(known, samples.codes).clamp_(max=len(known) - 1)
    outputs = zip(judge.classify(samples.features), judge.slopes, strict=True)
    likely = torch.stack([_find_probability(slope * logits, position) for logits, slope in outputs]).mean(0)
    return torch.where(known[position] == samples.codes, likely.clamp_min_(1e-9).log_(), 0.0)


def fit_marginals(real: Samples, candidates: Candidates, seed: int, learner: Learner = Trees) -> Judge | None:
    """Fit corrections that give each column of each class the distribution of the real one; see `RakingWeights`."""
    sides = (real.features, real.codes), (candidates.features, candidates.codes)
    found = RakingWeights.fit(*sides, candidates.weights, candidates.keep_one_in)
    return Judge("marginals", (found,), (1.0,)) if found.corrections.any() else None


def weigh_marginals(judge: Judge, samples: Samples) -> Tensor:
    """Return the sum of the corrections of all columns."""
    return judge.classifiers[0](samples.with_class())[:, 0]


FILTERS: dict[str, Filter] = {
    "density_ratio": Filter(fit_density_ratio, weigh_density_ratio, "unlike real rows"),
    "label_agreement": Filter(fit_label_agreement, weigh_label_agreement, "unlike their label", compares=False),
    "marginals": Filter(fit_marginals, weigh_marginals, "too many alike", corrects=True, learner=RakingWeights),
}
"""Filters by name, in the order in which they are fitted."""


def draw_candidates(weights: Tensor, keep: int, rng: torch.Generator) -> Tensor:
    """Draw `keep` of n candidates without replacement, with probabilities in proportion to exp(weights).

    Systematic sampling: Madow, "On the Theory of Systematic Sampling, II", Annals of Mathematical Statistics 20
    (1949). It spreads the draws over the candidates as evenly as the weights allow, with less variance than
    independent draws.

    Parameters
    ----------
    weights : Tensor of shape (n,)
        Log-weights. Candidates 600 or more below the largest are drawn only if no others are left.
    keep : int
        Number of draws, at most n.
    rng : torch.Generator
        Source of randomness.

    Returns
    -------
    Tensor of shape (keep,)
        Indices, in random order.
    """
    order = torch.randperm(len(weights), generator=rng)
    start = torch.rand((), generator=rng, dtype=torch.float64)
    reached = torch.from_numpy(inclusion_probabilities(weights[order].double().numpy(), keep)).cumsum(0)
    passed = (reached - start).floor().add_(1).clamp_(0, keep)  # of the marks start, start + 1, ...
    drawn = passed.diff(prepend=passed.new_zeros(1)) > 0
    return order[torch.cat([torch.nonzero(drawn), torch.nonzero(~drawn)])[:keep, 0]]  # rounding may have lost one


def sum_log_weights(judges: Sequence[Judge], samples: Samples) -> Tensor:
    """Return the sum of the judges' log-weights of each candidate, shape (n,); 0 without judges."""
    return sum((judge.log_weight(samples) for judge in judges), torch.zeros(len(samples.codes)))


def set_strengths(judges: Sequence[Judge], strengths: Mapping[str, float]) -> list[Judge]:
    """Return the judges with the given strengths, without those of strength zero."""
    return [replace(j, strength=strengths[j.name]) for j in judges if strengths.get(j.name, 0.0) > 0]


def move_judges(judges: Sequence[Judge], device: torch.device | str) -> list[Judge]:
    """Move the classifiers that are networks to a device; return the judges themselves."""
    for part in (part for judge in judges for part in judge.classifiers if hasattr(part, "to")):
        part.to(device)
    return [*judges]


def _assign_parts(codes: Tensor, n_real: int, rng: np.random.Generator) -> Tensor:
    """Return the cross-fitting part of each row, shape (n,), stratified by class; `n_real` of them are real."""
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes.numpy()[order], kind="stable")]
    parts = np.empty(len(codes), dtype=np.int64)
    parts[order] = np.arange(len(codes)) % _count_parts(n_real)
    return torch.from_numpy(parts)


def _count_parts(n_real: int) -> int:
    return 5 if n_real < _FEW_ROWS else 2


def count_rounds(n: int) -> int:
    """Return how many classifiers of a judge of `n` real rows are fitted one after the other, at the most."""
    fits = _count_parts(n) + 1
    return math.ceil(fits / max(1, count_workers(fits)))


def _cross_fit(
    learner: Learner, X: Tensor, y: Tensor, parts: Tensor, seed: int
) -> tuple[tuple[Classifier, ...], Tensor]:
    """Fit one classifier without each part; return the classifiers to use, and the outputs on unseen rows.

    For few rows all of them are used, because their mean has less variance than any one. For many rows of every class
    it is a single one, fitted to all rows, which is as good as the mean at a part of the cost.
    """
    # 1. Fit a classifier without each part; for many rows, one more to all rows
    n_parts = int(parts.max()) + 1
    left_out = [*range(n_parts)]
    if int(torch.bincount(y).min()) >= _MANY_OF_CLASS:
        left_out.append(n_parts)  # no row is in this part
    fitted = map_in_threads(lambda part: _fit_without(learner, X, y, parts, part, seed), left_out)

    # 2. Apply each to the part that it did not see
    unseen = torch.cat([fitted[part](X[parts == part]) for part in range(n_parts)])
    unseen[torch.argsort(parts, stable=True)] = unseen.clone()
    return tuple(fitted[n_parts:] or fitted), unseen


def _fit_without(learner: Learner, X: Tensor, y: Tensor, parts: Tensor, part: int, seed: int) -> Classifier:
    rows = torch.nonzero(parts != part).squeeze(1)
    rows = rows[torch.randperm(len(rows), generator=torch_stream(seed, "rows", part))[:_MAX_ROWS]]
    return learner.fit(X[rows], y[rows], seed)


def _one_logit_per_class(out: Tensor) -> Tensor:
    """Return one logit per class for a classifier that has one output, the log-odds of the second, for two classes."""
    return functional.pad(out, (1, 0)) if out.shape[1] == 1 else out


def _find_probability(out: Tensor, position: Tensor) -> Tensor:
    """Return the probability of one class for each row, by its position among the classes, shape (n,)."""
    if out.shape[1] == 1:
        return (out[:, 0] * (2 * position - 1)).sigmoid()
    return out.softmax(1).gather(1, position.unsqueeze(1)).squeeze(1)


def _fit_slope(log_odds: Tensor, y: Tensor, even: float) -> float:
    """Return the factor in [0, 1.5] that calibrates log-odds best (one-parameter Platt scaling).

    `even` is log(n_candidates / n_real), the prior log-odds that were removed.
    """
    grid = torch.linspace(0.0, 1.5, 31)
    losses = [functional.binary_cross_entropy_with_logits(s * log_odds - even, y) for s in grid]
    return float(grid[int(torch.stack(losses).argmin())])


def _fit_temperature(logits: Tensor, y: Tensor) -> float:
    """Return the factor in [0, 1.5] that calibrates class logits best: Guo et al., ICML 2017."""
    grid = torch.linspace(0.0, 1.5, 31)
    losses = [functional.cross_entropy(s * logits, y) for s in grid]
    return float(grid[int(torch.stack(losses).argmin())])
