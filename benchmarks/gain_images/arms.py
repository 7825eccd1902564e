"""The arms of `gain-images`: one case, trained in every way, all with equally many optimizer steps."""

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
from .learner import Classifier, Images, Policy, compute_scores, fit_classifier

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


@dataclass(frozen=True)
class Settings:
    """What is the same for all cases.

    Attributes
    ----------
    steps : int
        Optimizer steps of every classifier.
    pool : int
        Synthetic images, at least, that batches take theirs from.
    models : Path
        Where trained GANs are kept.
    options : dict
        Of `GANAugmenter`.
    """

    steps: int
    pool: int
    models: Path
    options: dict[str, Any]


class Trial:
    """One case. What arms share, the policy and the GAN, is made when the first of them needs it.

    Parameters
    ----------
    split : ImageSplit
        The images. Test images are used for scores, and for nothing else.
    name : str
        Of the case, for file names.
    seed : int
        Decides everything.
    settings : Settings
    flip : bool
        Whether labels survive a mirror.
    policy : dict, optional
        What `policy` was in an earlier run.
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
        self.images = Images.of(split.X, split.y, self.n_classes)
        self._known = policy

    @functools.cached_property
    def policy(self) -> Policy:
        """The best classic policy, chosen on a third of the training images: change, mix, then learning rate and decay.

        Where classes differ in size, also what is done about that.
        """
        if self._known is not None:
            return Policy(**self._known)
        judge = functools.lru_cache(self._inner_score)
        best = max(map(self._flipped, CLASSIC.values()), key=judge)
        best = max([best, *(replace(best, learning_rate=rate) for rate in RATES)], key=judge)
        best = max([best, *(replace(best, weight_decay=decay) for decay in DECAYS)], key=judge)
        if len(self.split.small):
            best = max([best, *(replace(best, balance=balance) for balance in BALANCES)], key=judge)
        return best

    @functools.cached_property
    def gan(self) -> Gan:
        """The GAN of all training images."""
        return self._gan(self.split, self.name)

    @functools.cached_property
    def pool(self) -> Images:
        """Synthetic images in the proportions of the training labels."""
        return self._pool(self.gan, self.split)

    def classic(self, name: str) -> dict[str, Any]:
        """Real images alone, changed in one of the classic ways."""
        return self._scored(self.fitted(self.images, self._flipped(CLASSIC[name])))

    def tuned(self) -> dict[str, Any]:
        """Real images alone, by the policy that was chosen on training images."""
        return self._scored(self.fitted(self.images, self.policy)) | {"chose": asdict(self.policy)}

    def balanced(self, balance: str) -> dict[str, Any]:
        """Real images alone, small classes weighing more or being repeated."""
        self._needs_small_classes()
        policy = replace(self.policy, balance=balance)
        return self._scored(self.fitted(self.images, policy)) | {"chose": asdict(self.policy)}

    def mixed(self, share: float) -> dict[str, Any]:
        """The chosen policy, synthetic images being a share of every batch in place of real ones of equal labels."""
        return self._by_gan(self.fitted(self.images, self.policy, self.pool, share)) | {"chose": asdict(self.policy)}

    def chosen(self) -> dict[str, Any]:
        """As `mixed`, the share being chosen on held-out training images, by a GAN that did not see them either."""
        gan = self._gan(self._inner, f"{self.name}-inner")
        pool = self._pool(gan, self._inner)
        share = max(SHARES, key=lambda share: self._inner_score(self.policy, pool, share))
        found = self.mixed(share) if share else self.tuned()
        return found | {"share": share, "inner_gan": gan.facts}

    def filled(self) -> dict[str, Any]:
        """The chosen policy on real images and, until all classes are as large as the largest, synthetic ones."""
        self._needs_small_classes()
        counts = np.bincount(self.split.y)
        labels = np.repeat(np.arange(self.n_classes), counts.max() - counts)
        images = self.images + Images.of(self.gan.draw(labels, self.seed), labels, self.n_classes)
        policy = replace(self.policy, balance=None)
        return self._by_gan(self.fitted(images, policy)) | {"chose": asdict(self.policy)}

    def synthetic_only(self) -> dict[str, Any]:
        """No real image."""
        return self._by_gan(self.fitted(self.pool, self._flipped(AFFINE)))

    def fitted(self, images: Images, policy: Policy, pool: Images | None = None, share: float = 0.0) -> Classifier:
        """Return a classifier of equally many steps whatever it is trained on."""
        return fit_classifier(images, policy, self.seed, self.settings.steps, pool, share)

    @functools.cached_property
    def _inner(self) -> ImageSplit:
        return self.split.inner(self.seed)

    def _inner_score(self, policy: Policy, pool: Images | None = None, share: float = 0.0) -> tuple[float, float]:
        """Return balanced accuracy on held-out training images and, as few of them often tie, minus log loss."""
        inner = self._inner
        images = Images.of(inner.X, inner.y, self.n_classes)
        p = self.fitted(images, policy, pool, share).probabilities(Images.of(inner.X_test, inner.y_test, 0).x)
        loss = log_loss(inner.y_test, p, labels=np.arange(self.n_classes))
        return float(balanced_accuracy_score(inner.y_test, p.argmax(1))), -float(loss)

    def _scored(self, classifier: Classifier) -> dict[str, Any]:
        split = self.split
        predicted = classifier.probabilities(Images.of(split.X_test, split.y_test, 0).x).argmax(1)
        recall = [round(float((predicted[split.y_test == code] == code).mean()), 4) for code in range(self.n_classes)]
        return {"scores": compute_scores(split.y_test, predicted, split.small), "recall": recall}

    def _by_gan(self, classifier: Classifier) -> dict[str, Any]:
        return self._scored(classifier) | {"gan": self.gan.facts}

    def _gan(self, split: ImageSplit, name: str) -> Gan:
        return load_or_train_gan(split, name, self.seed, self.settings.models, self.settings.options)

    def _pool(self, gan: Gan, split: ImageSplit) -> Images:
        """Return as many images of each class as real ones, times what makes it `Settings.pool` images or more."""
        labels = np.tile(split.y, -(-self.settings.pool // len(split.y)))
        return Images.of(gan.draw(labels, self.seed), labels, self.n_classes)

    def _flipped(self, policy: Policy) -> Policy:
        return replace(policy, flip=self.flip and policy.change != "none")

    def _needs_small_classes(self) -> None:
        if not len(self.split.small):
            raise NotApplicableError("no class has less than a quarter of the images of the largest")


ARMS: dict[str, Callable[[Trial], dict[str, Any]]] = {
    **{name: functools.partial(Trial.classic, name=name) for name in CLASSIC},
    "tuned": Trial.tuned,
    "class_weight": functools.partial(Trial.balanced, balance="class_weight"),
    "oversample": functools.partial(Trial.balanced, balance="oversample"),
    "ganaug_25": functools.partial(Trial.mixed, share=0.25),
    "ganaug_50": functools.partial(Trial.mixed, share=0.5),
    "ganaug_balanced": Trial.filled,
    "synthetic_only": Trial.synthetic_only,
    "ganaug_chosen": Trial.chosen,
}
DEFAULT_ARMS: Sequence[str] = tuple(name for name in ARMS if name != "ganaug_chosen")  # which needs a second GAN


def run_arm(trial: Trial, arm: str) -> dict[str, Any]:
    """Return "scores" and facts of one arm, or why it does not apply, or the error it ended in."""
    try:
        found = ARMS[arm](trial)
    except NotApplicableError as reason:
        return {"not_applicable": str(reason)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]}
    return found
