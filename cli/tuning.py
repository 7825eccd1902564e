"""The share of synthetic rows that held-out rows chose: what ``augment`` adds, and ``report`` measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .options import DEFAULT_SEED
from .tables import Labelled
from .train import check_learnable, new_augmenter

if TYPE_CHECKING:
    from ganaug import GANAugmenter, TunedAugmenterCV

DEFAULT_SCORING = "balanced_accuracy"

TUNING_ONLY = ("scoring", "classifiers", "jobs")
"""Options that mean nothing where no share is chosen."""


def new_tuned(options: Mapping[str, Any], scoring: str, quiet: bool, jobs: int | None = None) -> TunedAugmenterCV:
    """Return the sampler that the options describe.

    Parameters
    ----------
    options : mapping
        Of the command.
    scoring : str
        By which the share is chosen.
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
    labelled: Labelled, options: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[GANAugmenter | None, tuple[Any, Any]]:
    """Return synthetic rows and labels, as many as held-out rows chose, and the augmenter of all rows that made them.

    Where they chose none, there is no such augmenter.
    """
    check_learnable(labelled, options)
    tuned = new_tuned(options, options["scoring"], options["quiet"], options["jobs"])
    say("choosing the share of synthetic rows on held-out rows")
    X, y = tuned.fit_resample(labelled.X, labelled.y)
    say(choice(tuned))
    n = len(labelled.table)
    return (tuned.augmenter_ if tuned.share_ else None), (X.iloc[n:], y.iloc[n:])


def choice(tuned: TunedAugmenterCV) -> str:
    """Return what was chosen, and on what grounds, in one sentence."""
    if not tuned.share_:
        return (
            "no synthetic rows: none of the shares tried did better on held-out rows by more than a standard error; "
            "the table is written as it was"
        )
    scores = tuned.scores_
    chosen, without = (scores.loc[rows, "score"].iloc[0] for rows in (scores["chosen"], scores["share"] == 0))
    how = "filling up small classes" if tuned.balance_ else "in the proportions of the classes"
    return (
        f"share chosen: {100 * tuned.share_:g} % synthetic, {how} ({str(tuned.scoring).replace('_', ' ')} on held-out "
        f"rows {chosen:.3f} against {without:.3f} without)"
    )
