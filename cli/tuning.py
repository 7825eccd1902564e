"""The synthetic share that held-out data chose: what ``augment`` adds, and ``report`` measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .folders import Images
from .options import DEFAULT_SEED
from .tables import Labelled
from .train import check_learnable, new_augmenter

if TYPE_CHECKING:
    from ganaug import GANAugmenter, TunedAugmenterCV

TUNING_ONLY = ("scoring", "classifiers", "jobs")
"""Options that mean nothing where no share is chosen."""


def new_tuned(
    options: Mapping[str, Any], scoring: str | None, quiet: bool, jobs: int | None = None
) -> TunedAugmenterCV:
    """Return the sampler that the options describe.

    Parameters
    ----------
    options : mapping
        Of the command.
    scoring : str or None
        By which the share is chosen; None means the area under the ROC curve.
    quiet : bool
        Whether to keep the progress of the trainings to itself.
    jobs : int, optional
        Classifiers that are trained at the same time.
    """
    from ganaug import TunedAugmenterCV

    return TunedAugmenterCV(
        new_augmenter(options, None, quiet),
        options["classifiers"] or None,
        scoring=scoring,
        n_jobs=jobs,
        random_state=DEFAULT_SEED if options["seed"] is None else options["seed"],
    )


def tuned_rows(
    labelled: Labelled | Images, options: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[GANAugmenter | None, tuple[Any, Any]]:
    """Return synthetic samples and labels, as many as held-out ones chose, and the augmenter that made them.

    It has learned all data; where they chose none, there is no such augmenter.
    """
    images = isinstance(labelled, Images)
    check_learnable(labelled, options)
    tuned = new_tuned(options, options["scoring"], options["quiet"], options["jobs"])
    what = "images" if images else "rows"
    say(f"choosing the share of synthetic {what} on held-out {what}")
    added = added_to(labelled, tuned.fit_resample(labelled.X, labelled.y))
    say(choice(tuned, what))
    return (tuned.augmenter_ if tuned.share_ else None), added


def added_to(labelled: Labelled | Images, resampled: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return synthetic samples and labels alone; the real ones are written as they were read."""
    n = len(labelled.y)
    X, y = (part.iloc[n:] if hasattr(part, "iloc") else part[n:] for part in resampled)
    return X, y


def choice(tuned: TunedAugmenterCV, what: str = "rows") -> str:
    """Return what was compared, and what was chosen, in two sentences; `what` are rows or images."""
    scores = tuned.scores_
    tried = ", ".join(f"{_share(row)} {row.score:.3f}" for row in scores.itertuples())
    compared = f"compared by {_scoring(tuned)} on held-out {what}: {tried}"
    if not tuned.share_:
        written = "table is" if what == "rows" else "images are"
        return (
            f"{compared}\nno synthetic {what}: none of the shares tried did better on held-out {what} by more than a "
            f"standard error; the {written} written as {'it was' if what == 'rows' else 'they were'}"
        )
    chosen, without = (scores.loc[rows, "score"].iloc[0] for rows in (scores["chosen"], scores["share"] == 0))
    how = "filling up small classes" if tuned.balance_ else "in the proportions of the classes"
    return (
        f"{compared}\nshare chosen: {100 * tuned.share_:g} % synthetic, {how} ({_scoring(tuned)} on held-out {what} "
        f"{chosen:.3f} against {without:.3f} without)"
    )


def _scoring(tuned: TunedAugmenterCV) -> str:
    return "ROC AUC" if tuned.scoring is None else str(tuned.scoring).replace("_", " ")


def _share(row: Any) -> str:
    return f"{100 * row.share:g} %{' balanced' if row.balance else ''}" if row.share else "none"
