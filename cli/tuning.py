"""Choose the share of synthetic data on held-out data, for ``augment`` and ``report``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .folders import ImageFolder
from .options import DEFAULT_SEED
from .tables import LabelledTable
from .train import check_learnable, make_augmenter

if TYPE_CHECKING:
    from ganaug import GANAugmenter, TunedAugmenterCV

TUNING_ONLY = ("scoring", "classifiers", "jobs")
"""Options without effect if no share is chosen."""


def make_tuned(
    options: Mapping[str, Any], scoring: str | None, quiet: bool, jobs: int | None = None
) -> TunedAugmenterCV:
    """Make the sampler that the options describe.

    Parameters
    ----------
    options : mapping
        Of the command.
    scoring : str or None
        Metric that chooses the share; None means the area under the ROC curve.
    quiet : bool
        Whether to hide the progress of training.
    jobs : int, optional
        Number of classifiers trained in parallel.
    """
    from ganaug import TunedAugmenterCV

    return TunedAugmenterCV(
        make_augmenter(options, None, quiet),
        options["classifiers"] or None,
        scoring=scoring,
        n_jobs=jobs,
        random_state=DEFAULT_SEED if options["seed"] is None else options["seed"],
    )


def resample_tuned(
    labelled: LabelledTable | ImageFolder, options: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[GANAugmenter | None, tuple[Any, Any]]:
    """Return the augmenter trained on all data, None if the chosen share is 0, and its samples and labels."""
    images = isinstance(labelled, ImageFolder)
    check_learnable(labelled, options)
    tuned = make_tuned(options, options["scoring"], options["quiet"], options["jobs"])
    what = "images" if images else "rows"
    say(f"choosing the share of synthetic {what} on held-out {what}")
    added = select_added(labelled, tuned.fit_resample(labelled.X, labelled.y))
    say(describe_choice(tuned, what))
    return (tuned.augmenter_ if tuned.share_ else None), added


def select_added(labelled: LabelledTable | ImageFolder, resampled: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the synthetic part of resampled data; the real data are written as they were read."""
    n = len(labelled.y)
    X, y = (part.iloc[n:] if hasattr(part, "iloc") else part[n:] for part in resampled)
    return X, y


def describe_choice(tuned: TunedAugmenterCV, what: str = "rows") -> str:
    """Return two lines of text: the scores that were compared, and the share that was chosen."""
    scores = tuned.scores_
    tried = ", ".join(f"{_format_score(row)} {row.score:.3f}" for row in scores.itertuples())
    compared = f"compared by {_name_metric(tuned)} on held-out {what}: {tried}"
    if not tuned.share_:
        written = "table is" if what == "rows" else "images are"
        return (
            f"{compared}\nno synthetic {what}: none of the shares tried did better on held-out {what} by more than a "
            f"standard error; the {written} written as {'it was' if what == 'rows' else 'they were'}"
        )
    chosen, without = (scores.loc[rows, "score"].iloc[0] for rows in (scores["chosen"], scores["share"] == 0))
    how = "filling up small classes" if tuned.balance_ else "in the proportions of the classes"
    return (
        f"{compared}\nshare chosen: {100 * tuned.share_:g} % synthetic, {how} ({_name_metric(tuned)} on held-out "
        f"{what} {chosen:.3f} against {without:.3f} without), the smallest within a standard error of the best"
    )


def _name_metric(tuned: TunedAugmenterCV) -> str:
    return "ROC AUC" if tuned.scoring is None else str(tuned.scoring).replace("_", " ")


def _format_score(row: Any) -> str:
    return f"{100 * row.share:g} %{' balanced' if row.balance else ''}" if row.share else "none"
