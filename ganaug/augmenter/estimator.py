"""Train a conditional GAN on labelled data and sample from it: the estimator `GANAugmenter`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from ..data.checks import split_samples, text_columns
from ..data.foreign import Forms, Given, take_in
from ..data.layouts import Field
from ..errors import ParameterError
from ..losses import Loss
from ..modality import Modality
from ..params import check_params, integer
from ..progress import track_items
from ..rng import Seed, new_seed, stream_seed
from ..threads import one_thread
from ..training import ALONE, HISTORY, Group
from .fitting import fit_model
from .inspection import describe_model
from .model import Model, as_model_file_error
from .options import MODALITIES, RULES, Options, check_applies, find_modality, from_json, to_json
from .reading import read_rows, refuse_files, taking_in
from .resampling import Resampled, count_missing_samples, resample
from .sampling import Request, Wanted
from .shards import write_shards
from .showing import ShownAugmenter
from .together import agree_on_seed


class GANAugmenter(ShownAugmenter, OneToOneFeatureMixin, BaseEstimator):  # type: ignore[misc]
    """Learn a labelled table or image set with a conditional GAN [1]_ [2]_ and sample new rows or images of any class.

    Parameters
    ----------
    modality : {"auto", "table", "image"} or Modality, default="auto"
        Kind of data; "auto" infers it.
    categorical_features : "auto" or sequence of names, positions or booleans, default="auto"
        Columns to treat as categories; "auto" infers them. Tables only.
    column_kinds : mapping of column to kind, default=None
        Kinds of single columns, where the inferred ones are wrong: "numeric", "ordered", "category", "boolean",
        "datetime", "constant" or "identifier". Tables only.
    max_rows : int >= 1000, default=1_000_000
        Most rows, about, that are learned from of Parquet files that `fit` reads itself; of a rare class all rows up to
        1000 are. A larger sample costs memory, some 20 bytes for each cell while it is prepared.
    relations : bool, default=True
        Whether to keep what holds between columns in every training row and is no coincidence: a column that follows
        from others (a copy, linear image, power, sum, product or ratio, the name of a code), dates that are never
        before others, numbers and dates that decide a category by the band in which they lie, and single values that
        decide each other. `describe` lists what was found. Tables only.
    channel_axis : {"auto", 1, -1, 3, None}, default="auto"
        Axis of the channels in an array of images: 1, or -1 (the same as 3); None if there is none. Images only.
    architecture : {"auto", "dcgan", "residual", "mlp"}, default="auto"
        Pair of networks; "auto" takes "dcgan"; on CUDA "residual", unless a training step of it takes longer than 60
        milliseconds there, or than ``max_seconds / 2000``. Images only.
    augmentation : "auto", name, sequence of names or None, default="auto"
        Differentiable random changes of all samples, real and synthetic, that the discriminator sees [4]_:
        "translation", "affine", "cutout", "color", and "flip" where mirror images keep their label. "auto" takes
        "affine" and "cutout" below 2000 images, and "translation" from there on. Images only.
    loss : {"relativistic", "hinge", "non-saturating", "wasserstein", "minimax"} or Loss, default="relativistic"
        Adversarial loss; see `ganaug.losses`. The default is that of [3]_.
    optimizer : {"adam", "rmsprop"} or callable, default="adam"
        Optimizer of both networks, or ``f(parameters, lr) -> torch.optim.Optimizer``.
    learning_rate : "auto" or float in (0, 1], default="auto"
        Initial learning rate; "auto" takes 1.6e-3 for tables and 2e-3 for images. It follows half a cosine down to 3 %
        of that.
    batch_size : "auto" or int >= 2, default="auto"
        Real samples per step; "auto" takes 128, or 64 below 2000 rows and for images; of a smaller data set, its
        size (but at least 32 rows or 16 images).
    effort : {"fast", "balanced", "best"}, default="balanced"
        How long to train where `max_steps` is left open: "fast" takes half as many steps as "balanced", "best" four
        times as many. Steps buy fidelity, most of it on large tables. From 2000 rows on, held-out ones not counted, the
        training on a table ends early once boosted trees hardly tell its rows from real ones (ROC AUC below 0.55),
        unless effort is "best".
    max_steps : "auto" or int >= 1, default="auto"
        Most training steps. For tables, "auto" takes 1500 below 2000 rows, then 58 times the square root of the number
        of rows, at most 20,000, and up to three times that where most columns are numbers. For images it takes 6000,
        4000 above 40 x 40 pixels, and 10,000 on CUDA.
    max_seconds : float > 0, default=None
        Wall-clock budget of the whole `fit` in seconds, about. At least half of it is for training; scores on held-out
        samples that would take more than a tenth each are skipped, filters learn for a shorter time, fewer images are
        looked at, and a warning names what there was no time for. Results depend on the clock.
    patience : int >= 1, default=6
        Number of held-out scores in a row, each clearly below the best, that end the training. A whole training takes
        twelve scores, on images six.
    latent_dim : int from 1 to 4096, default=64
        Length of the latent vector.
    latent_scale : float in (0, 10], default=1.0
        Standard deviation of the latent vector when sampling; above 1 samples are more varied and less faithful.
    width : "auto" or int from 1 to 8192, default="auto"
        Hidden units; "auto" takes 128. For images, channels at the finest resolution: 32, 16 above 40 x 40 pixels, and
        64 on CUDA.
    filters : "auto", name, sequence of names, mapping of name to strength, or None, default="auto"
        Filters that re-weight candidates before they become samples: "label_agreement", and for tables also
        "density_ratio" (realism) and "marginals" (a correction of each column's distribution after the other two; in
        classes of fewer than 250 rows, after the density ratio alone). "auto" takes label agreement, and for a table
        of 2000 rows or more all three.
    sampling_strategy : str, float, mapping or callable, default="auto"
        How `fit_resample` and `resample` fill up classes, in the words of imbalanced-learn: "auto" and "not majority"
        bring every class to the size of the largest; "minority", "not minority" and "all" name other classes; a float
        is the wanted size of the minority relative to the majority (two classes only); a mapping gives the wanted
        size of each class; a callable takes y and returns such a mapping.
    skip_rare : bool, default=False
        Whether to leave out a class with a single sample instead of raising an error.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Device of the training, and of the scores and filters of images; "auto" takes CUDA, then MPS, then the CPU. A
        fitted augmenter samples on the CPU, so that it also works in the workers of a loader.
    distributed : bool, default=False
        Whether all processes of the running group of `torch.distributed` train one model together, each on its part of
        every batch [5]_. Each of them calls `fit` with the same data and options, and ends with the same model; the
        first one scores, writes the checkpoint and shows progress. "auto" and "cuda" then take the GPU of LOCAL_RANK.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Data type of matrix products in training; "auto" takes bfloat16 where the hardware gains from it: for images,
        and on a CPU for wide networks for tables, which then generate in bfloat16, too.
    checkpoint_path : path-like, default=None
        File for the state of the training; it is deleted when the training is done.
    resume : bool, default=False
        Whether to resume from `checkpoint_path`, if it exists. The result is, bit for bit, that of an uninterrupted
        training.
    preview_path : path-like, default=None
        Folder for grids of samples from fixed noise, one at each held-out score; they are also logged to TensorBoard
        if it is installed. Images only.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of all randomness. With an integer the same call gives the same rows again, on one machine, torch build
        and number of threads. None draws a new seed for each `fit` and each call of `sample`.
    verbose : int >= 0, default=0
        0 is silent, 1 shows progress on standard error, 2 shows more of it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in order.
    class_prior_ : ndarray of shape (n_classes,)
        Share of each class in the training data, which `sample` follows; 0 for a class that was skipped.
    modality_ : str
        Name of the kind of data, such as "table" or "image".
    label_name_ : str, int or None
        Name of the labels, where `y` has one as a Series.
    n_samples_ : int
        Number of training samples, held-out ones included.
    n_features_in_ : int
        Number of columns, or of values in an image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if all are text.
    history_ : dict of str to ndarray
        For each training step: "discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic"; for each
        held-out score: "score_step", "held_out_score".
    filters_ : dict
        "strengths" of the filters in use.
    diversity_ : dict of str to float
        Diversity of the synthetic samples of each class, relative to the real ones: 1 is as diverse, 0 collapsed.
    schema_ : dict
        Everything the encoder learned, as plain JSON.
    sampling_strategy_ : dict
        Number of samples that the last `fit_resample` or `resample` added to each class.
    resampled_ : dict
        Outcome of that call: number of samples "added" to each class, of candidates "dropped" by reason, and of
        "copies_kept".
    conditions_ : dict
        Candidates that the last `sample` with `where` generated: the number "tried", and the number that "met" it.

    See Also
    --------
    TunedAugmenterCV : Choose how many synthetic rows to add, by cross-validation.
    gain_report : Measure whether synthetic rows help a classifier.
    augment_loader : Mix synthetic samples into a PyTorch data loader.

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
    .. [2] Mirza and Osindero, "Conditional Generative Adversarial Nets", arXiv 1411.1784.
    .. [3] Huang et al., "The GAN is dead; long live the GAN! A Modern GAN Baseline", NeurIPS 2024.
    .. [4] Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020.
    .. [5] Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv 1706.02677.

    Examples
    --------
    Train for 20 steps only, to be quick; the default is 1500 steps or more.

    >>> from sklearn.datasets import load_breast_cancer
    >>> from ganaug import GANAugmenter
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
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
        max_rows: int = 1_000_000,
        relations: bool = True,
        channel_axis: int | str | None = "auto",
        architecture: str = "auto",
        augmentation: Any = "auto",
        loss: str | Loss = "relativistic",
        optimizer: Any = "adam",
        learning_rate: float | str = "auto",
        batch_size: int | str = "auto",
        effort: str = "balanced",
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
        distributed: bool = False,
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
        self.max_rows = max_rows
        self.relations = relations
        self.channel_axis = channel_axis
        self.architecture = architecture
        self.augmentation = augmentation
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.effort = effort
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
        self.distributed = distributed
        self.precision = precision
        self.checkpoint_path = checkpoint_path
        self.resume = resume
        self.preview_path = preview_path
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, image: Field = None, label: Field = None) -> GANAugmenter:
        """Train the GAN.

        Parameters
        ----------
        X : samples
            A table without its label: a frame, an array-like of shape (n, d), or anything with the Arrow PyCapsule
            interface, such as a frame of polars, a table of Arrow or a relation of DuckDB. Images: an array or tensor
            of shape (n, h, w), (n, h, w, c) or (n, c, h, w) of whole numbers or floats, or a list or series of PIL
            images. Their range is [0, 255] (uint16: or [0, 65535]), [0, 1] or [-1, 1] if they fill two thirds of it,
            and else the one that was seen, apart from a few values far outside, such as hot pixels, which are clipped
            with a DataWarning; where a channel fills less than a fifth of it, each channel has its own. Or, without
            `y`, a map-style data set of images with labels, such as one of torch, torchvision or Hugging Face, or the
            path of a folder with one sub-folder per class. Tables larger than memory: the path of a Parquet file, of a
            folder of such files, or a pattern such as ``"rows/*.parquet"``, or a Dataset of pyarrow; or a record batch
            reader, a query of DuckDB, Spark or Ibis, or a lazy frame of polars, whose rows are kept in temporary files
            if there are more than `max_rows`. Rows are read in parts, `max_rows` of them are learned from, and all
            decide the shares of the classes and the ranges of numbers. A worker of ``joblib.parallel_config`` reads one
            file at a time.
        y : array-like of shape (n,), or str, default=None
            Class of each sample; at least two classes, each with at least two samples. Of tables larger than
            memory, the column of the labels.
        image, label : position, key or function of an item, default=None
            Fields that are image and label in the items of a data set. None finds them, as `MixedDataset` does, and
            refuses items with several fields that could be either.

        Returns
        -------
        GANAugmenter
            Itself.

        Raises
        ------
        DataError
            The data cannot be learned from; the message names column, row or file, value and cure.
        ParameterError
            An option has an invalid value, or does not apply to this kind of data.
        TrainingError
            Training diverged again after every roll-back, or `max_seconds` is too short.
        ModelFileError
            The checkpoint to resume from is damaged, or belongs to other data or options.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> augmenter.classes_
        array([0, 1, 2])
        """
        with taking_in(X, y, self.max_rows) as given:
            return self._fit(*given, image, label)

    def _fit(self, X: Given, y: Given, image: Field, label: Field) -> GANAugmenter:
        check_params(type(self).__name__, self.get_params(deep=False), RULES)
        if self.resume and self.checkpoint_path is None:
            raise ParameterError("resume=True needs the checkpoint_path of the training to resume.")
        group = Group.join() if self.distributed else ALONE
        seed = agree_on_seed(group, new_seed(self.random_state), self.get_params(deep=False))
        rows = read_rows(X.data, y.data, self.column_kinds, self.max_rows, stream_seed(seed, "rows"))
        modality = find_modality(self.modality, rows.X, rows.y, has_fields=image is not None or label is not None)
        check_applies(modality, self.get_params(deep=False))
        samples, labels = split_samples(modality, rows.X, rows.y, image, label)
        options = {name: getattr(self, name) for name in modality.options}
        encoder = modality.encoder(**options | ({} if rows.weights is None else {"column_kinds": rows.column_kinds}))
        with one_thread():
            model = fit_model(modality, encoder, samples, labels, self._options(), seed, rows.weights, group)
        if X.form or y.form:
            model.facts["forms"] = Forms(X.form, y.form).to_json()
        self._adopt(model, text_columns(samples))
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
            Number of rows, in the class proportions of the training data; or the exact number for each class. Leave it
            out if `y` is an array.
        y : label, array-like of shape (n,), or mapping of class to int, default=None
            Class of all `n` rows; the label of every row, in order; or exact numbers of some classes, while the others
            share the rest of `n` in their proportions in the training data.
        random_state : int, numpy RandomState or Generator, or None, default=None
            Seed of all randomness in this call; None takes the augmenter's own. With an integer the same call gives
            the same rows again, and ``sample(a)`` is a prefix of ``sample(b)`` for a < b.
        where : mapping of column to condition, default=None
            Conditions that every row of a table meets, such as ``{"sex": "Female", "age": (30, 40)}``. A condition is
            a value; a list or set of values; or a tuple ``(low, high)`` of numbers or dates, both included, with None
            for an open end. None and NaN among values stand for a missing cell. A date written as "2021-03-31",
            "2021-03" or "2021" is the whole day, month or year. Candidates are generated until enough
            of them meet all conditions; `conditions_` counts them. If only a number of rows is given, the classes come
            in the proportions in which they meet the conditions.

        Returns
        -------
        X : DataFrame, ndarray or Tensor of n samples
            Rows with the columns, order, dtypes and value ranges of the training data, in the library of that table
            if it is polars or DuckDB, and else, if it came through Arrow, as a table of Arrow. Images in the container,
            layout, size, dtype and range of the training data; one array or tensor if those were a list, data set or
            folder.
        y : Series, ndarray, Tensor or list of shape (n,)
            Labels, in the container and dtype of those given to `fit`.

        Raises
        ------
        NotFittedError
            The augmenter is not fitted.
        ParameterError
            `n`, `y` or `where` is invalid, or names a class, column or value that was not in training; or hardly any
            of two million candidates meets `where`.
        DataError
            An array `y` has a label that is not among the classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> X_new, y_new = augmenter.sample({0: 2, 2: 1})
        >>> y_new.tolist()
        [0, 0, 2]
        >>> X_new, _ = augmenter.sample(100, where={"petal width (cm)": (1.0, 2.0)})
        >>> bool(X_new["petal width (cm)"].between(1.0, 2.0).all())
        True
        """
        check_is_fitted(self)
        chunks = list(self._sample_chunks(n, y, random_state, where))
        encoder, labels = self.model_.encoder, self.model_.labels
        return self._forms.restore(encoder.join([X for X, _ in chunks]), labels.join([part for _, part in chunks]))

    def sample_chunks(
        self,
        n: int | Mapping[Any, int] | None = None,
        y: Any = None,
        random_state: Seed = None,
        where: Mapping[Any, Any] | None = None,
        start: int = 0,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the rows and labels of `sample` in chunks of 10,000 (of large images fewer), in bounded memory.

        Parameters
        ----------
        n, y, random_state, where
            As for `sample`.
        start : int from 0 to n, default=0
            Row to begin with, counted from 0. The rows before it are not made, but for those of its own chunk; not
            beside `where`.

        Yields
        ------
        X, y
            Rows and their labels; all chunks together are exactly what `sample` returns, from row `start` on.

        See Also
        --------
        write_samples : Writes them to files, in several processes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> [len(X_new) for X_new, y_new in augmenter.sample_chunks(25_000)]
        [10000, 10000, 5000]
        >>> [len(X_new) for X_new, y_new in augmenter.sample_chunks(10**9, start=10**9 - 3)]
        [3]
        """
        for X, labels in self._sample_chunks(n, y, random_state, where, start):
            yield self._forms.restore(X, labels)

    def _sample_chunks(
        self, n: Any, y: Any, random_state: Seed, where: Any, start: int = 0
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the chunks as the encoder decodes them."""
        # 1. Check the request
        check_is_fitted(self)
        check_params("sample", {"start": start}, {"start": integer(0)})
        check_params(type(self).__name__, {"latent_scale": self.latent_scale}, RULES)
        seed = new_seed(self.random_state if random_state is None else random_state)
        request = Request.of(self.model_, Wanted(n, y, where), self.latent_scale, seed, int(start))

        # 2. Generate and decode it chunk by chunk; an empty request is one empty chunk
        count = request.count_chunks()
        for X, codes in track_items(request.serve(), count, "sampling", self.verbose if count > 1 else 0):
            if where:
                self.conditions_ = request.count_candidates()
            yield X, self.model_.labels.restore(codes)

    def write_samples(
        self,
        folder: str | os.PathLike[str],
        n: int | Mapping[Any, int] | None = None,
        y: Any = None,
        *,
        shard_rows: int | None = None,
        n_jobs: int | None = None,
        random_state: Seed = None,
        overwrite: bool = False,
    ) -> int:
        """Write the samples of `sample`, with their labels, to a folder, in bounded memory and several processes.

        Rows become Parquet files. Images become PNG or TIFF files in a folder for each class, as `write_image_folder`
        writes what `sample_chunks` yields, and are marked as synthetic. A file appears under its name once it is whole.
        If the call is stopped in the middle, the same call makes what is missing and no more. The files are the same,
        byte for byte, for any number of processes, and on a cluster whose machines have the same packages and kind of
        processor: the active backend of joblib runs the work, as in ``with joblib.parallel_config("dask")``.

        Parameters
        ----------
        folder : path-like
            A local folder, or one that all machines of a cluster share. It is made if it is not there. Files of rows
            are called "part-00000.parquet" and so on, those of images "cat/cat_000001.png". "_ganaug.json" says which
            samples they hold: digest of the model, seed, numbers of samples, and versions.
        n, y
            As for `sample`.
        shard_rows : int >= 1, default=None
            Number of rows in each file but the last, or of images that are one piece of work. None is a million rows,
            or 10,000 images. Multiples of 10,000 waste no work.
        n_jobs : int, default=None
            Number of processes, as for `joblib.Parallel`: None is one, and -1 one for each core.
        random_state : int, numpy RandomState or Generator, or None, default=None
            Seed, as for `sample`; None takes the augmenter's own. If both are None, a folder that was begun goes on
            with its own seed, and a new one gets a new seed.
        overwrite : bool, default=False
            Whether to replace the samples of another request, model or version in `folder`. Images may then be added
            to a folder that holds other files, which stay.

        Returns
        -------
        int
            Number of samples in the folder, in all.

        Raises
        ------
        DataError
            `folder` holds other files, or samples of another request; it cannot be written; a process died, or has
            other versions of the packages, or another kind of processor, on which the samples depend.
        ParameterError
            `n`, `y` or an option is invalid, or the model is neither one of a table nor one of images.

        See Also
        --------
        sample_chunks : Yields the same samples.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> with TemporaryDirectory() as folder:
        ...     augmenter.write_samples(folder, 30_000, shard_rows=20_000)
        ...     sorted(path.name for path in Path(folder).iterdir())
        30000
        ['_ganaug.json', 'part-00000.parquet', 'part-00001.parquet']
        """
        check_is_fitted(self)
        check_params(type(self).__name__, {"latent_scale": self.latent_scale}, RULES)
        chosen = self.random_state if random_state is None else random_state
        return write_shards(
            self.model_,
            Wanted(n, y),
            folder,
            latent_scale=float(self.latent_scale),
            seed=None if chosen is None else new_seed(chosen),
            shard_rows=shard_rows,
            n_jobs=n_jobs,
            overwrite=overwrite,
            verbose=self.verbose,
        )

    def fit_resample(self, X: Any, y: Any = None, *, image: Field = None, label: Field = None) -> tuple[Any, Any]:
        """Train the GAN, and append synthetic samples to the classes that `sampling_strategy` fills up.

        Parameters
        ----------
        X, y, image, label
            As for `fit`.

        Returns
        -------
        X, y
            The real samples first, untouched and in order; then the synthetic ones, class by class. Exact copies of
            real rows, and near-copies of real images, are left out as long as the generator makes others.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from ganaug import GANAugmenter
        >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
        >>> [int((y == label).sum()) for label in (0, 1)]
        [212, 357]
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0)
        >>> X_more, y_more = augmenter.fit_resample(X, y)
        >>> [int((y_more == label).sum()) for label in (0, 1)]
        [357, 357]
        """
        refuse_files(X, y)
        given = take_in(X), take_in(y)
        return self._fit(*given, image, label)._resample(*given, image, label)

    def resample(self, X: Any, y: Any = None, *, image: Field = None, label: Field = None) -> tuple[Any, Any]:
        """Append synthetic samples to the classes that `sampling_strategy` fills up, without training again.

        Parameters
        ----------
        X, y
            Samples with the columns and classes of the training data; they may be other samples.
        image, label
            As for `fit`.

        Returns
        -------
        X, y
            As for `fit_resample`.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from ganaug import GANAugmenter
        >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> X_more, y_more = augmenter.resample(X[:100], y[:100])
        >>> augmenter.sampling_strategy_
        {1: 30}
        """
        check_is_fitted(self)
        return self._resample(take_in(X), take_in(y), image, label)

    def _resample(self, X: Given, y: Given, image: Field, label: Field) -> tuple[Any, Any]:
        options = {name: getattr(self, name) for name in ("sampling_strategy", "latent_scale")}
        check_params(type(self).__name__, options, RULES)
        refuse_files(X.data, y.data)
        samples, labels = split_samples(self.model_.modality, X.data, y.data, image, label)
        counts = count_missing_samples(self.sampling_strategy, self.model_, labels)
        with one_thread():
            seed = stream_seed(new_seed(self.random_state), "resample")
            done: Resampled = resample(self.model_, samples, labels, counts, seed, self.latent_scale)
        self.sampling_strategy_ = {self.model_.labels.values[code]: count for code, count in counts.items()}
        self.resampled_ = {"added": done.added, "dropped": done.dropped, "copies_kept": done.copies_kept}
        return X.append(done.X), y.append(done.y)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one safetensors file with JSON metadata and a checksum, without code.

        Parameters
        ----------
        path : path-like
            The file; it is replaced as a whole or not at all.

        Raises
        ------
        ModelFileError
            The file cannot be written.
        ParameterError
            An option was set to an invalid value since `fit`.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> with TemporaryDirectory() as folder:
        ...     augmenter.save(Path(folder, "iris.safetensors"))
        ...     [path.name for path in Path(folder).iterdir()]
        ['iris.safetensors']
        """
        check_is_fitted(self)
        check_params(type(self).__name__, self.get_params(deep=False), RULES)
        model = self.model_
        model.facts["params"] = to_json(self.get_params(deep=False))
        model.facts["feature_names"] = list(getattr(self, "feature_names_in_", [])) or None
        model.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], modality: Modality | None = None) -> GANAugmenter:
        """Read a model file and return its augmenter, which samples the same rows as the saved one.

        Parameters
        ----------
        path : path-like
            File that `save` wrote. Reading it runs no code from it.
        modality : Modality, default=None
            Modality of the model, if it is not one of ganaug's own.

        Returns
        -------
        GANAugmenter
            A fitted augmenter.

        Raises
        ------
        ModelFileError
            The file is damaged, is no model of ganaug, or was written by a newer ganaug.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> with TemporaryDirectory() as folder:
        ...     augmenter.save(Path(folder, "iris.safetensors"))
        ...     loaded = GANAugmenter.load(Path(folder, "iris.safetensors"))
        >>> loaded.sample(10)[0].equals(augmenter.sample(10)[0])
        True
        """
        known = MODALITIES if modality is None else {**MODALITIES, modality.name: modality}
        model = Model.load(path, known)
        with as_model_file_error(path):
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
            * "label": name of the labels, or None. "classes": a list of "label", "rows" and "share" of the training
              rows, both 0 if the class was too rare to learn, and "diversity" (see `diversity_`).
            * "columns", of a table: a list of "name", "dtype", "kind" and whether cells were "missing"; then "min",
              "max", "decimals" and the "frequent" values of numbers and dates; the "categories" of other columns, and
              the rare ones among them that are "pooled", and those that are "not_drawn" because other columns follow
              from the column; the column "by" which a determined column is looked up, and in how many "bands" if that
              is one of numbers; the columns "by" which a calculated column follows, and its "formula", with dates in
              days; the column that a date is "not_before"; the coarser column that a category "decides"; and the
              columns with which a number "adds_up_with" to a "total".
            * "rules", of a table: what holds between values of two columns in every row: a list of "if" and "then",
              each a "column" and a "value" (None is missing) or "values", and whether "then" occurs "only" there.
            * "left_out", of a table: a list of "name" and "reason" of the columns that are not learned, which are an
              "identifier", or were "excluded" by ``ganaug train --exclude``.
            * "images": size, channels, container, dtype and value range, and the `value_range` with which
              `write_image_folder` writes such images ("file_range").
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

    def _more_tags(self) -> dict[str, Any]:  # scikit-learn before 1.6 calls this in place of __sklearn_tags__
        return {"allow_nan": True, "requires_y": True, "X_types": ["2darray", "dataframe"]}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        target = tags.target_tags
        target.required = True
        try:
            from imblearn.utils._tags import InputTags, SamplerTags, Tags
        except ImportError:  # scikit-learn's own functions, such as check_is_fitted, need no more
            tags.input_tags.allow_nan = True
            return tags
        inputs = InputTags(two_d_array=True, dataframe=True, allow_nan=True)
        return Tags(estimator_type="sampler", target_tags=target, sampler_tags=SamplerTags(), input_tags=inputs)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def _adopt(self, model: Model, feature_names: list[str] | None) -> None:
        """Set all fitted attributes at once, so that an interrupted `fit` leaves the old model whole."""
        forms = Forms.from_json(model.facts.get("forms", {})).check(model.encoder.n_features)
        self.model_ = model
        self._forms = forms
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
