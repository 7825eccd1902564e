"""Write soft labels beside rows, for ``augment --soft``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .front import CommandLineError
from .image_options import refuse_options
from .options import DEFAULT_SEED, get_writing_options
from .tables import LabelledTable, align_columns
from .train import save_model, train_beside
from .tuning import TUNING_ONLY

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from ganaug import CrossFittedTeacher, GANAugmenter

SOFT_SIZE = 5.0
"""Default number of synthetic rows, in multiples of the real ones: that of DistilledClassifier."""

WEIGHT = "weight"
_FOLDS = 5


def check_soft(context: click.Context, options: Mapping[str, Any]) -> None:
    """Refuse options that exclude ``--soft``, or that need it."""
    if not options["soft"]:
        if options["soft_size"] is not None:
            raise CommandLineError("--soft-size is for soft labels; add --soft, or leave it out")
        return
    refuse_options(
        context,
        ("balance", "strategy", *TUNING_ONLY),
        "is for choosing how many rows to add, and --soft-size says that",
    )
    if options["soft_size"] == 0:
        refuse_options(
            context, ("model", "save_model", "resume", "preview"), "is for a generator, and --soft-size 0 has none"
        )


def check_soft_columns(labelled: LabelledTable, mark: str | None) -> None:
    """Raise CommandLineError if a column of the output would have the name of one of the table."""
    added = [WEIGHT, *map(_name_probability, labelled.y.unique()), *([mark] if mark is not None else [])]
    names = set(map(str, labelled.table.columns))
    for name in added:
        if name in names or added.count(name) > 1:
            raise CommandLineError(
                f"--soft adds a column {name!r}, and there is one already; rename that of the table, or choose another "
                "--mark"
            )


def _name_probability(label: Any) -> str:
    return f"proba_{label}"


@dataclass(frozen=True)
class Softener:
    """A table, and a teacher that has labelled its rows without having seen them.

    Attributes
    ----------
    labelled : LabelledTable
        The table.
    teacher : CrossFittedTeacher
        Fitted to it.
    mark : str or None
        Name of a further column that says which rows are synthetic.
    seed : int
        Seed of teacher and synthetic rows.
    """

    labelled: LabelledTable
    teacher: CrossFittedTeacher
    mark: str | None
    seed: int

    @classmethod
    def fit(cls, labelled: LabelledTable, options: Mapping[str, Any]) -> Softener:
        """Fit the teacher; a class with fewer rows than five has fewer folds."""
        from ganaug import CrossFittedTeacher

        seed = DEFAULT_SEED if options["seed"] is None else options["seed"]
        folds = max(2, min(_FOLDS, int(labelled.y.value_counts().min())))
        teacher = CrossFittedTeacher(cv=folds, random_state=seed).fit(labelled.X, labelled.y)
        return cls(labelled, teacher, options["mark"], seed)

    def describe(self) -> str:
        """Return the log loss of the teacher on rows that it has not seen, beside that of the class shares."""
        import numpy as np

        own = self.teacher.codes_
        likely = np.clip(self.teacher.oof_proba_[np.arange(len(own)), own], 1e-15, 1.0)
        shares = np.bincount(own) / len(own)
        return (
            f"log loss {-np.log(likely).mean():.3f} on rows that it has not seen, where the shares of the classes "
            f"have {-(shares * np.log(shares)).sum():.3f}"
        )

    def make_parts(self, augmenter: GANAugmenter | None, n: int) -> list[pd.DataFrame]:
        """Return real and synthetic rows, each once for each of its classes, with weights and probabilities.

        Parameters
        ----------
        augmenter : GANAugmenter or None
            Fitted augmenter; None if `n` is 0.
        n : int
            Number of synthetic rows.
        """
        from ganaug import join_label

        if augmenter is None or not n:
            real, _ = align_columns(self.labelled.table, self.labelled.table.iloc[:0], self.mark)
            return [self._weigh(real, self.teacher.proba_, is_real=True)]
        X_new, y_new = augmenter.sample(n, random_state=self.seed)
        real, synthetic = align_columns(self.labelled.table, join_label(X_new, y_new), self.mark)
        own = self._weigh(real, self.teacher.proba_, is_real=True)
        return [own, self._weigh(synthetic, self.teacher.predict_proba(X_new))]

    def _weigh(self, table: pd.DataFrame, proba: NDArray[np.float64], is_real: bool = False) -> pd.DataFrame:
        """Return each row of a table once for each of its classes."""
        import numpy as np

        rows, labels, weights = self.teacher.to_weights(proba)
        codes = np.searchsorted(self.teacher.classes_, labels)
        names = [_name_probability(label) for label in self._list_labels()]
        columns = {WEIGHT: weights, **dict(zip(names, proba[rows].T, strict=True))}
        softened = table.iloc[rows].reset_index(drop=True)
        softened[self.labelled.y.name] = self._list_labels().take(codes).array
        softened = softened.assign(**columns)
        softened.attrs = {name: value for name, value in table.attrs.items() if name != "text"}
        if is_real and "text" in table.attrs:  # of the file's cells, to be written again as they are there
            softened.attrs["text"] = table.attrs["text"].take(rows, {self.labelled.y.name: self._find_first()[codes]})
        return softened

    def _list_labels(self) -> pd.Series[Any]:
        """Return the labels in the order of the teacher's classes, as the table has them."""
        return self.labelled.y.iloc[self._find_first()]

    def _find_first(self) -> NDArray[np.intp]:
        """Return the position of the first real row of each class."""
        import numpy as np

        return np.unique(self.teacher.codes_, return_index=True)[1]


def augment_softly(
    labelled: LabelledTable,
    augmenter: GANAugmenter | None,
    output: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
) -> None:
    """Write real and synthetic rows with the probabilities of a teacher."""
    from ganaug import write_table

    # 1. Let a teacher label the real rows, before anything slow
    softener = Softener.fit(labelled, options)
    say(f"teacher: {softener.describe()}")

    # 2. Train, and draw synthetic rows
    size = options["soft_size"]
    n = round((SOFT_SIZE if size is None else size) * len(labelled.y))
    if n and augmenter is None:
        augmenter = train_beside(labelled, output, options, say)
        save_model(augmenter, options, say)
    parts = softener.make_parts(augmenter, n)
    say(f"rows: {len(labelled.y):,} real, {n:,} synthetic; {sum(map(len, parts)):,} with weights")

    # 3. Write them
    write_table(parts, output, **get_writing_options(options))
    say(f"table: {'standard output' if output == '-' else output}")
