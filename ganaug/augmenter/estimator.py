"""GANAugmenter: the augmenter that users hold in their hands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from ..data.checks import taken_apart, text_columns
from ..errors import ParameterError
from ..losses import Loss
from ..modality import Modality
from ..params import check_params
from ..progress import counted
from ..rng import Seed, new_seed, stream_seed
from ..threads import one_thread
from ..training import HISTORY
from .fitting import fit_model
from .inspection import describe_model
from .model import Model, fitting_together
from .options import MODALITIES, RULES, Options, check_applies, find_modality, from_json, to_json
from .resampling import Resampled, resample, wanted_counts
from .sampling import Request

_CHUNK = 10_000
_CHUNK_CELLS = 2**25  # so that large images come in smaller pieces


class GANAugmenter(OneToOneFeatureMixin, BaseEstimator):  # type: ignore[misc]
    """Conditional GAN that learns a labelled data set and samples new rows of any class.

    Parameters
    ----------
    modality : {"auto", "table", "image"} or Modality, default="auto"
        Kind of data; "auto" recognises it.
    categorical_features : "auto" or sequence of names, positions or booleans, default="auto"
        Columns that are categories whatever they hold; "auto" infers them. Tables only.
    column_kinds : mapping of column to kind, default=None
        Overrides what is inferred of single columns: "numeric", "ordered", "category", "boolean", "datetime",
        "constant" or "identifier". Tables only.
    channel_axis : "auto", int or None, default="auto"
        Where the channels of an image are: 1, -1, or None where there is no such axis. Images only.
    architecture : {"auto", "dcgan", "residual", "mlp"}, default="auto"
        Pair of networks; "auto" takes "dcgan" on a CPU and "residual" on a GPU. Images only.
    augmentation : "auto", name, sequence of names or None, default="auto"
        Random changes by which both networks see all samples, real and synthetic [4]_: "translation", "affine",
        "cutout", "color", and "flip" where labels survive a mirror. Images only.
    loss : {"relativistic", "hinge", "non-saturating", "wasserstein", "minimax"} or Loss, default="relativistic"
        Adversarial game; see `ganaug.losses`.
    optimizer : {"adam", "rmsprop"} or callable, default="adam"
        Optimizer of both networks, or ``f(parameters, lr) -> torch.optim.Optimizer``.
    learning_rate : "auto" or float in (0, 1], default="auto"
        At the start (8e-4 for tables, 2e-3 for images); it follows half a cosine down to 3 % of that.
    batch_size : "auto" or int >= 2, default="auto"
        Real samples per step; "auto" takes 256, or 64 below 2000 rows and for images.
    max_steps : "auto" or int >= 1, default="auto"
        Training steps; "auto" takes 32 times the square root of the number of rows, between 1500 and 10,000; for
        images 6000, or 4000 above 40 x 40 pixels, or 10,000 on CUDA.
    max_seconds : float > 0, default=None
        Wall-clock budget of training in seconds; results then depend on the clock.
    patience : int >= 1, default=6
        Training ends after so many held-out scores (of twelve in a whole run, for images six) that fall clearly short
        of the best.
    latent_dim : int >= 1, default=64
        Length of the latent vector.
    latent_scale : float > 0, default=1.0
        Standard deviation of the latent vector when sampling; above 1 samples are more varied, and more of them wrong.
    width : "auto" or int >= 1, default="auto"
        Hidden units; "auto" takes 256, or 128 below 2000 rows. For images, channels at the finest resolution.
    filters : "auto", name, sequence of names, mapping of name to strength, or None, default="auto"
        What weighs candidates before they become samples: "label_agreement", and for tables "density_ratio" and
        "marginals", which evens out what the others leave of each column. "auto" takes label agreement; of a table
        with 200 or more held-out rows all three, label agreement at half its strength. Where so many samples are held
        out, and find other strengths clearly better, none included, it takes those.
    sampling_strategy : str, float, mapping or callable, default="auto"
        How `fit_resample` and `resample` fill up classes, in the words of imbalanced-learn: "auto" and "not majority"
        bring every class to the size of the largest; "minority", "not minority" and "all" name other classes; a float
        is the wanted size of the minority relative to the majority (two classes only); a mapping gives the wanted
        size of each class; a callable takes y and returns such a mapping.
    skip_rare : bool, default=False
        Whether a class with a single sample is left as it is, instead of being an error.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where training runs; "auto" takes CUDA, then MPS, then the CPU. Sampling runs on the CPU.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Matrix products of training; "auto" takes bfloat16 where the hardware gains from it. Wide networks for tables
        generate in it there, too.
    checkpoint_path : path-like, default=None
        File that keeps the state of training; it is deleted when training is done.
    resume : bool, default=False
        Whether to go on from `checkpoint_path`, if it exists; the result is, bit for bit, that of a training that was
        never interrupted.
    preview_path : path-like, default=None
        Folder for a grid of samples from the same noise, at each held-out score of the training; with TensorBoard
        installed, logged there too. Images only.
    random_state : int, numpy RandomState or Generator, or None, default=None
        An integer decides everything, on one machine, torch build and number of threads; the same call then gives the
        same rows again. None draws a new seed for each `fit` and each call of `sample`.
    verbose : int >= 0, default=0
        0 is silent, 1 shows progress on standard error, 2 shows more of it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    class_prior_ : ndarray of shape (n_classes,)
        Share of each class in the training rows, which `sample` follows; 0 for a class that was skipped.
    modality_ : str
        Name of the kind of data, such as "table" or "image".
    label_name_ : str, int or None
        Name of the labels, where `y` has one as a Series.
    n_samples_ : int
        Number of training samples, held-out ones included.
    n_features_in_ : int
        Number of columns, or of values in an image.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where all are text.
    history_ : dict of str to ndarray
        Per training step: "discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic"; and
        "score_step", "held_out_score".
    filters_ : dict
        "strengths" of the filters in use, and the held-out "scores" of what was tried.
    diversity_ : dict of str to float
        How varied the synthetic samples of each class are, 1 being as varied as the real ones.
    schema_ : dict
        Everything the encoder learned, as plain JSON.
    sampling_strategy_ : dict
        Samples that the last `fit_resample` or `resample` added to each class.
    resampled_ : dict
        What that did: samples "added", candidates "dropped" by reason, "copies_kept".
    conditions_ : dict
        What the last `sample` with `where` took: candidates "tried", and those of them that "met" it.

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
    .. [2] Mirza and Osindero, "Conditional Generative Adversarial Nets", arXiv 1411.1784.
    .. [3] Huang et al., "The GAN is dead; long live the GAN! A Modern GAN Baseline", NeurIPS 2024.
    .. [4] Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from ganaug import GANAugmenter
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> augmenter = GANAugmenter(max_steps=50, random_state=0).fit(X, y)
    >>> X_new, y_new = augmenter.sample({0: 3, 1: 2})
    >>> X_new.shape, y_new.tolist()
    ((5, 30), [0, 0, 0, 1, 1])
    """

    def __init__(  # noqa: PLR0913 - an estimator's options are its constructor's parameters
        self,
        *,
        modality: str | Modality = "auto",
        categorical_features: Any = "auto",
        column_kinds: Mapping[Any, str] | None = None,
        channel_axis: int | str | None = "auto",
        architecture: str = "auto",
        augmentation: Any = "auto",
        loss: str | Loss = "relativistic",
        optimizer: Any = "adam",
        learning_rate: float | str = "auto",
        batch_size: int | str = "auto",
        max_steps: int | str = "auto",
        max_seconds: float | None = None,
        patience: int = 6,
        latent_dim: int = 64,
        latent_scale: float = 1.0,
        width: int | str = "auto",
        filters: Any = "auto",
        sampling_strategy: Any = "auto",
        skip_rare: bool = False,
        device: str = "auto",
        precision: str = "auto",
        checkpoint_path: Any = None,
        resume: bool = False,
        preview_path: Any = None,
        random_state: Seed = None,
        verbose: int = 0,
    ):
        self.modality = modality
        self.categorical_features = categorical_features
        self.column_kinds = column_kinds
        self.channel_axis = channel_axis
        self.architecture = architecture
        self.augmentation = augmentation
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.patience = patience
        self.latent_dim = latent_dim
        self.latent_scale = latent_scale
        self.width = width
        self.filters = filters
        self.sampling_strategy = sampling_strategy
        self.skip_rare = skip_rare
        self.device = device
        self.precision = precision
        self.checkpoint_path = checkpoint_path
        self.resume = resume
        self.preview_path = preview_path
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> GANAugmenter:
        """Train the GAN.

        Parameters
        ----------
        X : samples
            A table: a frame, or an array-like of shape (n, d), without its label. Images: an array or tensor of shape
            (n, h, w), (n, h, w, c) or (n, c, h, w), integers or floats in [0, 1] or [-1, 1], or a list of PIL images;
            or, without `y`, a map-style torch Dataset of (image, label), or a folder with a folder for each class.
        y : array-like of shape (n,), default=None
            A class for each sample; at least two classes, each with at least two samples.

        Returns
        -------
        GANAugmenter
            Itself.

        Raises
        ------
        DataError
            The data cannot be learned from; the text names column, row or file, value and cure.
        ParameterError
            Options have values they may not have, or do not apply to that kind of data.
        TrainingError
            Training diverged again and again.
        """
        check_params(type(self).__name__, self.get_params(deep=False), RULES)
        if self.resume and self.checkpoint_path is None:
            raise ParameterError("resume=True needs the checkpoint_path of the training to go on with.")
        modality = find_modality(self.modality, X, y)
        check_applies(modality, self.get_params(deep=False))
        X, y = taken_apart(modality, X, y)
        encoder = modality.encoder(**{name: getattr(self, name) for name in modality.options})
        seed = new_seed(self.random_state)
        with one_thread():
            model = fit_model(modality, encoder, X, y, self._options(), seed)
        self._adopt(model, text_columns(X))
        return self

    def sample(
        self,
        n: int | Mapping[Any, int] | None = None,
        y: Any = None,
        random_state: Seed = None,
        where: Mapping[Any, Any] | None = None,
    ) -> tuple[Any, Any]:
        """Return synthetic rows or images, and their labels.

        Parameters
        ----------
        n : int >= 0 or mapping of class to int, default=None
            Number of rows, in the proportions of the classes in training; or the exact number of each class. Not
            given when `y` is an array.
        y : label, array-like of shape (n,), or mapping of class to int, default=None
            A class, of which `n` rows are returned; a label for every row that is wanted, in order; or exact numbers of
            some classes, while the others share the rest of `n` in their proportions in training.
        random_state : int, numpy RandomState or Generator, or None, default=None
            None takes the augmenter's own. With an integer the same call gives the same rows again, and
            ``sample(a)`` is a prefix of ``sample(b)``.
        where : mapping of column to condition, default=None
            Of tables: what every row has to meet, such as ``{"sex": "Female", "age": (30, 40)}``. A condition is a
            value; a list or set of values; or a tuple ``(low, high)`` of numbers or dates, both included, with None
            for an open end. None and NaN among values stand for a missing cell. Candidates are made until enough of
            them meet it, and `conditions_` says how many that took; where only a number is asked for, classes come in
            the proportions in which they meet it.

        Returns
        -------
        X : DataFrame, ndarray or Tensor of n samples
            Rows with columns, order, dtypes and value ranges of those in training. Images in their container, layout,
            size, dtype and range; lists, data sets and folders of them as one array or tensor.
        y : Series, ndarray, Tensor or list of shape (n,)
            Labels, in the container and dtype that `fit` got.

        Raises
        ------
        NotFittedError
            The augmenter is not fitted.
        ParameterError
            `n`, `y` or `where` is not what it may be, or names what was not in training; or hardly any of two million
            candidates meets `where`.
        DataError
            A label of an array `y` is none of the classes.
        """
        check_is_fitted(self)
        chunks = list(self.sample_chunks(n, y, random_state, where))
        encoder, labels = self.model_.encoder, self.model_.labels
        return encoder.join([X for X, _ in chunks]), labels.join([part for _, part in chunks])

    def sample_chunks(
        self,
        n: int | Mapping[Any, int] | None = None,
        y: Any = None,
        random_state: Seed = None,
        where: Mapping[Any, Any] | None = None,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield what `sample` returns, 10,000 rows (of large images fewer) at a time, in bounded memory.

        Parameters
        ----------
        n, y, random_state, where
            As for `sample`.

        Yields
        ------
        X, y
            Rows and their labels; together, exactly those of `sample`.
        """
        check_is_fitted(self)
        check_params(type(self).__name__, {"latent_scale": self.latent_scale}, RULES)
        model = self.model_
        seed = new_seed(self.random_state if random_state is None else random_state)
        wanted = Request.of(model, n, y, where, self.latent_scale, seed)
        chunk = max(1, min(_CHUNK, _CHUNK_CELLS // max(1, model.encoder.n_features)))
        starts = range(0, max(wanted.total, 1), chunk)
        for first in counted(starts, len(starts), "sampling", self.verbose if len(starts) > 1 else 0):
            with one_thread():
                x, codes = wanted.take(first, min(chunk, wanted.total - first))
                X = wanted.encoder.inverse_transform(x, first, stream_seed(seed, "cells"))
            if where:
                self.conditions_ = wanted.cost()
            yield X, model.labels.restore(codes)

    def fit_resample(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        """Fit, and return the rows with synthetic ones below them, as `sampling_strategy` wants.

        Parameters
        ----------
        X, y
            As for `fit`.

        Returns
        -------
        X, y
            The real samples first, untouched and in order; then the synthetic ones, class by class. Exact copies of
            real rows, and near-copies of real images, are left out as long as there are others.
        """
        return self.fit(X, y).resample(X, y)

    def resample(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        """Return the rows with synthetic ones below them, as `sampling_strategy` wants, without training again.

        Parameters
        ----------
        X, y
            Rows of the columns and classes that were learned; not necessarily the training rows.
        """
        check_is_fitted(self)
        wanted = {name: getattr(self, name) for name in ("sampling_strategy", "latent_scale")}
        check_params(type(self).__name__, wanted, RULES)
        X, y = taken_apart(self.model_.modality, X, y)
        counts = wanted_counts(self.sampling_strategy, self.model_, y)
        with one_thread():
            seed = stream_seed(new_seed(self.random_state), "resample")
            done: Resampled = resample(self.model_, X, y, counts, seed, self.latent_scale)
        self.sampling_strategy_ = {self.model_.labels.values[code]: count for code, count in counts.items()}
        self.resampled_ = {"added": done.added, "dropped": done.dropped, "copies_kept": done.copies_kept}
        return done.X, done.y

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file: one safetensors file with JSON inside, checksummed, without code.

        Parameters
        ----------
        path : path-like
            The file; replaced as a whole or not at all.

        Raises
        ------
        ModelFileError
            The file cannot be written.
        ParameterError
            An option was set since `fit` to a value it may not have.
        """
        check_is_fitted(self)
        check_params(type(self).__name__, self.get_params(deep=False), RULES)
        model = self.model_
        model.facts["params"] = to_json(self.get_params(deep=False))
        model.facts["feature_names"] = list(getattr(self, "feature_names_in_", [])) or None
        model.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], modality: Modality | None = None) -> GANAugmenter:
        """Return the augmenter that `save` wrote; it samples what the saved one did.

        Parameters
        ----------
        path : path-like
            The file. Reading it runs nothing that it says.
        modality : Modality, default=None
            Needed for a model of a modality of your own.

        Returns
        -------
        GANAugmenter
            A fitted augmenter.

        Raises
        ------
        ModelFileError
            The file is damaged, foreign, or written by a newer ganaug.
        """
        known = MODALITIES if modality is None else {**MODALITIES, modality.name: modality}
        model = Model.load(path, known)
        with fitting_together(path):
            augmenter = cls(**from_json(model.facts["params"]))
            check_params(cls.__name__, augmenter.get_params(deep=False), RULES)
            augmenter._adopt(model, model.facts["feature_names"])
        return augmenter

    def describe(self) -> dict[str, Any]:
        """Return everything that the model knows, as plain JSON.

        Returns
        -------
        dict
            * "ganaug_version" and "format_version": of the file that `load` read; of this installation after `fit`.
            * "modality": "table" or "image".
            * "rows", "held_out_rows": numbers of training samples, and of those among them that only judged.
            * "label": name of the labels, or None. "classes": a list of "label", "share" in the training rows, and
              "diversity" (see `diversity_`).
            * "columns", of a table: a list of "name", "dtype", "kind" and whether cells were "missing"; then "min",
              "max", "decimals" and the "frequent" values of numbers and dates; the "categories" of other columns, and
              the rare ones among them that are "pooled"; and the column "by" which a determined column is looked up.
            * "left_out", of a table: a list of "name" and "reason" of the columns that are not learned, which are an
              "identifier", or were "excluded" by ``ganaug train --exclude``.
            * "images": size, channels, container, dtype and value range.
            * "networks": their sizes. "steps", "seconds", "seed": of the training.
            * "held_out_scores": a list of (step, score). "filters": see `filters_`. "params": see `get_params`.

        Raises
        ------
        NotFittedError
            The augmenter is not fitted.
        ModelFileError
            The model comes from a forged file, and a value in it cannot be shown.

        See Also
        --------
        save : Write the model to a file.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=5, filters=None, random_state=0).fit(X, y)
        >>> facts = augmenter.describe()
        >>> facts["modality"], facts["rows"], facts["label"]
        ('table', 150, 'target')
        >>> column = facts["columns"][0]
        >>> column["name"], column["kind"], column["min"], column["max"]
        ('sepal length (cm)', 'numeric', 4.3, 7.9)
        """
        check_is_fitted(self)
        # A file has no options that are code, and the augmenter that was loaded has their defaults
        params = self.model_.facts.get("params") or to_json(self.get_params(deep=False))
        return describe_model(self.model_, params)

    _estimator_type = "sampler"

    def _more_tags(self) -> dict[str, Any]:  # what scikit-learn before 1.6 asks in place of __sklearn_tags__
        return {"allow_nan": True, "requires_y": True, "X_types": ["2darray", "dataframe"]}

    def __sklearn_tags__(self) -> Any:
        from imblearn.utils._tags import InputTags, SamplerTags, Tags

        target = super().__sklearn_tags__().target_tags
        target.required = True
        inputs = InputTags(two_d_array=True, dataframe=True, allow_nan=True)
        return Tags(estimator_type="sampler", target_tags=target, sampler_tags=SamplerTags(), input_tags=inputs)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def _adopt(self, model: Model, feature_names: list[str] | None) -> None:
        """Take on everything that was learned, all at once: an interrupted `fit` leaves the old model whole."""
        self.model_ = model
        for name in ("feature_names_in_", "resampled_", "sampling_strategy_", "conditions_"):  # of an earlier fit
            self.__dict__.pop(name, None)
        if feature_names:
            self.feature_names_in_ = np.asarray(feature_names, dtype=object)
        self.classes_ = model.labels.classes
        self.class_prior_ = np.asarray(model.prior)
        self.modality_ = model.modality.name
        self.label_name_ = model.labels.container["name"]
        self.n_samples_ = model.facts["n_rows"]
        self.n_features_in_ = model.encoder.n_features
        self.history_ = dict(zip(HISTORY, model.history.numpy().T, strict=True))
        steps, scores = np.asarray(model.facts["scores"], dtype=float).reshape(-1, 2).T
        self.history_ |= {"score_step": steps.astype(int), "held_out_score": scores}
        self.filters_ = model.facts["filters"]
        self.diversity_ = model.facts["diversity"]
        self.schema_ = model.encoder.to_json()

    def _options(self) -> Options:
        return Options(**{name: getattr(self, name) for name in Options.__dataclass_fields__})
