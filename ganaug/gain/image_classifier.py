"""ImageClassifier: a small convolutional network for images, with classic or third-party augmentation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import recall_score
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..errors import DataError, ParameterError
from ..image.augment import AUGMENTATIONS
from ..image.classifier import Augmentation, ConvClassifier
from ..image.pixels import ImageFormat, to_numpy
from ..params import Rule, check_params, choice, either, function, integer, real
from ..rng import Seed, isolated_global_state, new_seed, numpy_stream, stream_seed
from ..threads import one_thread
from .folds import hold_out_rows

_NAMES = ", ".join(map(repr, AUGMENTATIONS))


def _are_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, str) and v in AUGMENTATIONS for v in value)


def _allow_several(rule: Rule) -> Rule:
    several = Rule("several to choose from", lambda v: len(v) > 0 and all(rule.allows(one) for one in v))
    return either(rule, several)


_RULES = {
    "augmentation": either(
        choice(None, *AUGMENTATIONS),
        Rule(f"a list of names ({_NAMES})", _are_names),
        function("a function of an image"),
    ),
    "mix": either(choice(None), function("a function of images and labels")),
    "steps": integer(1),
    "learning_rate": _allow_several(real(0.0, 1.0)),
    "weight_decay": _allow_several(real(0.0, inclusive=True)),
    "batch_size": integer(2),
    "class_weight": either(choice(None, "balanced"), Rule("a dict of weights", lambda v: isinstance(v, dict))),
}

NETWORKS: dict[str, dict[str, Any]] = {
    "cnn": {},
    "cnn, affine": {"augmentation": "affine"},
    "cnn, tuned": {"augmentation": "affine", "learning_rate": (0.001, 0.004), "weight_decay": (0.05, 0.5)},
}
"""Networks for images: without augmentation, with classic augmentation, and with options chosen on held-out images."""


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Convolutional network for small data sets of small images.

    The number of training steps does not depend on the number of images, so that in a comparison more images do not
    mean longer training.

    Parameters
    ----------
    augmentation : None, name, list of names, or callable, default=None
        Random change of each image in each batch: "affine" (small rotation, scaling, shear and shift), "translation",
        "cutout", "color" and "flip"; or ``f(image) -> image``, such as a transform of ``torchvision.transforms.v2``,
        which is called with one image at a time, a float32 tensor of shape (c, h, w) in [0, 1].
    mix : callable, default=None
        ``f(x, y) -> (x, y)`` of a whole batch, applied after `augmentation`:
        ``torchvision.transforms.v2.MixUp(num_classes=k)`` or ``CutMix``. Labels are codes from 0 to k - 1, in the order
        of `classes_`; it may return codes, or class shares of shape (b, k).
    steps : int, default=800
        Number of optimizer steps.
    learning_rate : float or sequence of float, default=0.003
        Highest learning rate of the cycle of AdamW. If there are several rates or several values of `weight_decay`, the
        pair with the best balanced accuracy on a held-out third of the images is chosen, and all images are used for
        the final training.
    weight_decay : float or sequence of float, default=0.05
        Weight decay of AdamW.
    batch_size : int, default=64
        Images per step.
    class_weight : None, "balanced" or dict, default=None
        Class weights, as in scikit-learn.
    channel_axis : {"auto", None, 1, -1, 3}, default="auto"
        Channel axis of the images, as for `GANAugmenter`.
    device : str, default="cpu"
        Device of the training.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of all randomness. Callables that draw from the global generators of python, numpy and torch draw under
        this seed; the states of these generators are restored afterwards.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    chosen_ : dict
        Chosen "learning_rate" and "weight_decay".
    scores_ : dict
        Balanced accuracy of each pair (learning_rate, weight_decay); empty if there is only one pair.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from ganaug import ImageClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> images = (X / 16).reshape(-1, 8, 8)
    >>> classifier = ImageClassifier("affine", steps=5, random_state=0).fit(images[:100], y[:100])
    >>> classifier.predict(images[100:103]).shape
    (3,)

    Several values of an option are compared on held-out images:

    >>> tuned = ImageClassifier("affine", learning_rate=(0.001, 0.004), weight_decay=(0.05, 0.5))
    """

    def __init__(  # noqa: PLR0913 - an estimator's options are its constructor's parameters
        self,
        augmentation: str | Sequence[str] | Callable[[Tensor], Tensor] | None = None,
        *,
        mix: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
        steps: int = 800,
        learning_rate: float | Sequence[float] = 3e-3,
        weight_decay: float | Sequence[float] = 0.05,
        batch_size: int = 64,
        class_weight: Any = None,
        channel_axis: int | str | None = "auto",
        device: str = "cpu",
        random_state: Seed = None,
    ):
        self.augmentation = augmentation
        self.mix = mix
        self.steps = steps
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.class_weight = class_weight
        self.channel_axis = channel_axis
        self.device = device
        self.random_state = random_state

    @classmethod
    def named(cls, name: str, **options: Any) -> ImageClassifier:
        """Return the network that `gain_report` knows by a name, with other options changed.

        Parameters
        ----------
        name : {"cnn", "cnn, affine", "cnn, tuned"}
            Without augmentation, with classic augmentation, or also with learning rate and weight decay chosen on
            held-out images.
        **options
            Parameters of the network, such as ``steps=100``.

        Raises
        ------
        ParameterError
            There is no such network.

        Examples
        --------
        >>> from ganaug import ImageClassifier
        >>> ImageClassifier.named("cnn, affine", steps=100)
        ImageClassifier(augmentation='affine', steps=100)
        """
        if name not in NETWORKS:
            raise ParameterError(f"The networks are {', '.join(map(repr, NETWORKS))}. Got {name!r} instead.")
        return cls(**{**NETWORKS[name], **options})

    def fit(self, X: Any, y: Any) -> ImageClassifier:
        """Train the network.

        Parameters
        ----------
        X : ndarray or Tensor of shape (n, h, w), (n, h, w, c) or (n, c, h, w)
            Images with sides of 8 to 256 pixels: booleans, whole numbers or floats, of any range.
        y : array-like of shape (n,)
            Labels.

        Raises
        ------
        DataError
            The images are not supported, or numbers of images and labels differ.
        ParameterError
            A parameter has an invalid value, or a callable does not return images.
        """
        check_params(type(self).__name__, {name: getattr(self, name) for name in _RULES}, _RULES)
        form = ImageFormat.infer(X, self.channel_axis)
        labels = np.asarray(y).ravel()
        if len(labels) != len(X):
            raise DataError(f"X has {len(X)} images and y has {len(labels)} labels; give one label per image.")
        self.classes_, codes = np.unique(labels, return_inverse=True)
        seed = new_seed(self.random_state)
        x = form.encode(to_numpy(X))
        self._form = form
        with one_thread():
            rate, decay = self._choose(x, codes, seed)
            self.chosen_ = {"learning_rate": rate, "weight_decay": decay}
            self._network = self._train(x, codes, rate, decay, seed)
        self.n_features_in_ = int(np.prod(form.shape))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the probability of each class, shape (n, n_classes), for images like those of training.

        Values outside of the range of those are clipped; images of clearly another scale raise DataError.
        """
        check_is_fitted(self, "classes_")
        if not len(X):
            return np.empty((0, len(self.classes_)))
        with one_thread():
            logits = self._network(self._form.encode(self._form.validate(X)))
        p: NDArray[np.float64] = logits.double().softmax(1).numpy()
        return p

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable label of each image, shape (n,)."""
        p = self.predict_proba(X)
        return np.asarray(self.classes_)[p.argmax(1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        return tags

    def _choose(self, x: Tensor, codes: NDArray[np.int64], seed: int) -> tuple[float, float]:
        """Choose the learning rate and the weight decay with the best score on held-out images."""
        rates = np.atleast_1d(self.learning_rate).tolist()
        decays = np.atleast_1d(self.weight_decay).tolist()
        pairs = list(itertools.product(rates, decays))
        train, test = hold_out_rows(codes, numpy_stream(seed, "hold-out"))
        self.scores_: dict[tuple[float, float], float] = {}
        if len(pairs) == 1 or not len(test):
            return pairs[0]
        for pair in pairs:
            network = self._train(x[train], codes[train], *pair, stream_seed(seed, "hold-out"))
            answers = network(x[test]).argmax(1).numpy()
            held = np.unique(codes[test])  # a class with a single image has none held out, but may be predicted
            self.scores_[pair] = float(recall_score(codes[test], answers, labels=held, average="macro"))
        return max(pairs, key=lambda pair: self.scores_[pair])

    def _train(self, x: Tensor, codes: NDArray[np.int64], rate: float, decay: float, seed: int) -> ConvClassifier:
        weights = None
        if self.class_weight is not None:
            labels = self.classes_[codes]
            weights = torch.from_numpy(np.asarray(compute_sample_weight(self.class_weight, labels))).float()
        return ConvClassifier.fit(
            x,
            torch.from_numpy(codes),
            seed,
            steps=self.steps,
            augmentation=self._resolve_augmentation(),
            mix=None if self.mix is None else apply_per_batch(self.mix),
            learning_rate=rate,
            weight_decay=decay,
            batch_size=self.batch_size,
            sample_weight=weights,
            device=self.device,
        )

    def _resolve_augmentation(self) -> Augmentation:
        if self.augmentation is None:
            return ()
        if isinstance(self.augmentation, str):
            return (self.augmentation,)
        if callable(self.augmentation):
            return apply_per_image(self.augmentation)
        return tuple(self.augmentation)


def apply_per_image(change: Callable[[Tensor], Any]) -> Callable[[Tensor, torch.Generator], Tensor]:
    """Return a function of a batch that applies `change` to each image, as data sets of torchvision do.

    Parameters
    ----------
    change : callable
        ``f(image) -> image`` of a float32 tensor of shape (c, h, w) in [0, 1].

    Returns
    -------
    callable
        ``f(x, rng) -> x`` of images in [-1, 1]. It raises ParameterError if `change` returns anything but an image.
    """

    def change_batch(x: Tensor, rng: torch.Generator) -> Tensor:
        with isolated_global_state(rng):
            images = [change(image) for image in ((x + 1) / 2).clamp(0, 1)]
        for image in images:
            _check_images(image, x.shape[1:], change)
        return torch.stack(images).to(x).clamp(0, 1) * 2 - 1

    return change_batch


def apply_per_batch(
    mix: Callable[[Tensor, Tensor], Any],
) -> Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]:
    """Return a function of a batch that applies `mix` to images and labels, such as MixUp or CutMix.

    Parameters
    ----------
    mix : callable
        ``f(x, y) -> (x, y)``.

    Returns
    -------
    callable
        ``f(x, y, rng) -> (x, y)``. It raises ParameterError if `mix` returns anything but images and labels.
    """

    def mix_batch(x: Tensor, y: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        with isolated_global_state(rng):
            found = mix(x, y)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise ParameterError(f"mix={mix!r} returned a {type(found).__name__}; let it return images and labels.")
        _check_images(found[0], x.shape, mix)
        return found[0], found[1]

    return mix_batch


def _check_images(found: Any, shape: torch.Size, change: Any) -> None:
    if not isinstance(found, Tensor) or found.shape != shape or not found.is_floating_point():
        what = f"{found.dtype} of shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ParameterError(
            f"The augmentation {change!r} returned a {what} for a float32 tensor of shape {tuple(shape)}; let it "
            "return a tensor of the same kind, and leave conversion, resizing and normalisation out."
        )
