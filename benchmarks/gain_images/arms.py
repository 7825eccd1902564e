"""Train the arms of `gain-images` on one case, all with equally many optimizer steps."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score, log_loss

from ..shared.cases import NotApplicableError
from .cases import ImageSplit
from .gan import Gan, load_or_train_gan
from .learner import Classifier, Ensemble, Images, Policy, compute_scores, fit_classifier

AFFINE = Policy("affine")
CLASSIC = {
    "none": Policy(),
    "affine": AFFINE,
    "randaugment": Policy("randaugment"),
    "mixup": replace(AFFINE, mix="mixup"),
    "cutmix": replace(AFFINE, mix="cutmix"),
}
RATES, DECAYS, BALANCES = (1e-3, 1e-2), (0.5,), ("class_weight", "oversample")  # tried beside those of `Policy`
SHARES = (0.0, 0.25, 0.5)
TEACHERS = 5


@dataclass(frozen=True)
class Settings:
    """Settings that all cases share.

    Attributes
    ----------
    steps : int
        Optimizer steps of every classifier.
    pool : int
        Smallest number of synthetic images that batches draw from.
    models : Path
        Folder of trained GANs.
    options : dict
        Of `GANAugmenter`.
    """

    steps: int
    pool: int
    models: Path
    options: dict[str, Any]


class Trial:
    """One case, with the policy and the GAN that its arms share; both are made when first needed.

    Parameters
    ----------
    split : ImageSplit
        The images. Test images are used for scores, and for nothing else.
    name : str
        Name of the case, for file names.
    seed : int
        Decides everything.
    settings : Settings
    flip : bool
        Whether labels survive a mirror.
    policy : dict, optional
        The `policy` of an earlier run.
    """

    def __init__(
        self,
        split: ImageSplit,
        name: str,
        seed: int,
        settings: Settings,
        flip: bool = False,
        policy: dict[str, Any] | None = None,
    ):
        self.split, self.name, self.seed, self.settings, self.flip = split, name, seed, settings, flip
        self.n_classes = int(split.y.max()) + 1
        self.images = Images.from_arrays(split.X, split.y, self.n_classes)
        self._known = policy

    @functools.cached_property
    def policy(self) -> Policy:
        """The best classic policy on a held-out third of the training images.

        Augmentation, mixing, learning rate, weight decay and, if there are small classes, their treatment are chosen in
        turn.
        """
        if self._known is not None:
            return Policy(**self._known)
        judge = functools.lru_cache(self._score_inner)
        best = max(map(self._set_flip, CLASSIC.values()), key=judge)
        best = max([best, *(replace(best, learning_rate=rate) for rate in RATES)], key=judge)
        best = max([best, *(replace(best, weight_decay=decay) for decay in DECAYS)], key=judge)
        if len(self.split.small):
            best = max([best, *(replace(best, balance=balance) for balance in BALANCES)], key=judge)
        return best

    @functools.cached_property
    def gan(self) -> Gan:
        """The GAN of all training images."""
        return self._get_gan(self.split, self.name)

    @functools.cached_property
    def pool(self) -> Images:
        """Synthetic images in the proportions of the training labels."""
        return self._draw_pool(self.gan, self.split)

    def train_classic(self, name: str) -> dict[str, Any]:
        """Train on real images alone, with one of the classic augmentations."""
        return self._score(self.fit(self.images, self._set_flip(CLASSIC[name])))

    def train_tuned(self) -> dict[str, Any]:
        """Train on real images alone, with the policy chosen on training images."""
        return self._score(self.fit(self.images, self.policy)) | {"chose": asdict(self.policy)}

    def train_balanced(self, balance: str) -> dict[str, Any]:
        """Train on real images alone, with class weights or over-sampling."""
        self._check_small_classes()
        policy = replace(self.policy, balance=balance)
        return self._score(self.fit(self.images, policy)) | {"chose": asdict(self.policy)}

    def train_mixed(self, share: float) -> dict[str, Any]:
        """Train with the chosen policy, with a share of every batch replaced by synthetic images of the same labels."""
        return self._score_gan(self.fit(self.images, self.policy, self.pool, share)) | {"chose": asdict(self.policy)}

    def train_with_chosen_share(self) -> dict[str, Any]:
        """Train as `train_mixed` does, with a share chosen on training images that classifier and GAN did not see."""
        gan = self._get_gan(self._inner, f"{self.name}-inner")
        pool = self._draw_pool(gan, self._inner)
        share = max(SHARES, key=lambda share: self._score_inner(self.policy, pool, share))
        found = self.train_mixed(share) if share else self.train_tuned()
        return found | {"share": share, "inner_gan": gan.facts}

    def train_filled(self) -> dict[str, Any]:
        """Train with the chosen policy on real images, and on synthetic ones that balance the classes."""
        self._check_small_classes()
        counts = np.bincount(self.split.y)
        labels = np.repeat(np.arange(self.n_classes), counts.max() - counts)
        images = self.images + Images.from_arrays(self.gan.draw(labels, self.seed), labels, self.n_classes)
        policy = replace(self.policy, balance=None)
        return self._score_gan(self.fit(images, policy)) | {"chose": asdict(self.policy)}

    def train_on_synthetic(self) -> dict[str, Any]:
        """Train on synthetic images alone."""
        return self._score_gan(self.fit(self.pool, self._set_flip(AFFINE)))

    @functools.cached_property
    def teacher(self) -> Ensemble:
        """Networks trained on real images with the chosen policy, each with a seed of its own."""
        seeds = [1000 * (self.seed + 1) + i for i in range(TEACHERS)]
        return Ensemble([fit_classifier(self.images, self.policy, seed, self.settings.steps) for seed in seeds])

    def score_teacher(self) -> dict[str, Any]:
        """Score the teacher itself."""
        return self._score(self.teacher) | {"chose": asdict(self.policy)}

    def train_student(self, share: float) -> dict[str, Any]:
        """Train on the teacher's probabilities, with a share of every batch replaced by synthetic images."""
        if not share:
            return self._score(self.fit(self.images, self.policy, teacher=self.teacher)) | {
                "chose": asdict(self.policy)
            }
        student = self.fit(self.images, self.policy, self.pool, share, self.teacher)
        return self._score_gan(student) | {"chose": asdict(self.policy)}

    def fit(
        self,
        images: Images,
        policy: Policy,
        pool: Images | None = None,
        share: float = 0.0,
        teacher: Classifier | None = None,
    ) -> Classifier:
        """Return a classifier trained for the steps of the settings."""
        return fit_classifier(images, policy, self.seed, self.settings.steps, pool, share, teacher)

    @functools.cached_property
    def _inner(self) -> ImageSplit:
        return self.split.split_inner(self.seed)

    def _score_inner(self, policy: Policy, pool: Images | None = None, share: float = 0.0) -> tuple[float, float]:
        """Return balanced accuracy on held-out training images, and minus log loss to break ties."""
        inner = self._inner
        images = Images.from_arrays(inner.X, inner.y, self.n_classes)
        p = self.fit(images, policy, pool, share).predict_proba(Images.from_arrays(inner.X_test, inner.y_test, 0).x)
        loss = log_loss(inner.y_test, p, labels=np.arange(self.n_classes))
        return float(balanced_accuracy_score(inner.y_test, p.argmax(1))), -float(loss)

    def _score(self, classifier: Classifier) -> dict[str, Any]:
        split = self.split
        predicted = classifier.predict_proba(Images.from_arrays(split.X_test, split.y_test, 0).x).argmax(1)
        recall = [round(float((predicted[split.y_test == code] == code).mean()), 4) for code in range(self.n_classes)]
        return {"scores": compute_scores(split.y_test, predicted, split.small), "recall": recall}

    def _score_gan(self, classifier: Classifier) -> dict[str, Any]:
        return self._score(classifier) | {"gan": self.gan.facts}

    def _get_gan(self, split: ImageSplit, name: str) -> Gan:
        return load_or_train_gan(split, name, self.seed, self.settings.models, self.settings.options)

    def _draw_pool(self, gan: Gan, split: ImageSplit) -> Images:
        """Draw `Settings.pool` synthetic images or more, in the class proportions of the real ones."""
        labels = np.tile(split.y, -(-self.settings.pool // len(split.y)))
        return Images.from_arrays(gan.draw(labels, self.seed), labels, self.n_classes)

    def _set_flip(self, policy: Policy) -> Policy:
        return replace(policy, flip=self.flip and policy.change != "none")

    def _check_small_classes(self) -> None:
        if not len(self.split.small):
            raise NotApplicableError("no class has less than a quarter of the images of the largest")


ARMS: dict[str, Callable[[Trial], dict[str, Any]]] = {
    **{name: functools.partial(Trial.train_classic, name=name) for name in CLASSIC},
    "tuned": Trial.train_tuned,
    "class_weight": functools.partial(Trial.train_balanced, balance="class_weight"),
    "oversample": functools.partial(Trial.train_balanced, balance="oversample"),
    "ganaug_25": functools.partial(Trial.train_mixed, share=0.25),
    "ganaug_50": functools.partial(Trial.train_mixed, share=0.5),
    "ganaug_balanced": Trial.train_filled,
    "synthetic_only": Trial.train_on_synthetic,
    "teacher": Trial.score_teacher,
    "distilled": functools.partial(Trial.train_student, share=0.0),
    "ganaug_distilled": functools.partial(Trial.train_student, share=0.5),
    "ganaug_chosen": Trial.train_with_chosen_share,
}
DEFAULT_ARMS: Sequence[str] = tuple(name for name in ARMS if name != "ganaug_chosen")  # which needs a second GAN


def run_arm(trial: Trial, arm: str) -> dict[str, Any]:
    """Return "scores" and facts of one arm, or the reason why it does not apply, or its error."""
    try:
        found = ARMS[arm](trial)
    except NotApplicableError as reason:
        return {"not_applicable": str(reason)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]}
    return found
