"""Labels and explanations of arms, metrics and verdicts for the reader of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...plots.text import CI, pluralize, show_name
from ..metric_names import PREVALENCE, recall_label
from ..verdict import CANNOT_TELL, HELPS, HURTS, NO_BETTER

ARM_TEXTS: dict[str, tuple[str, str]] = {
    "real_only": (
        "Real rows only",
        "The training rows as they are. Every difference on this page is against this arm.",
    ),
    "threshold": (
        "Threshold moved",
        "The real rows, and the same classifier, which decides for the class most probable relative to its share in "
        "training; with two classes, a threshold at the share of the second (Elkan, 2001). Costs nothing.",
    ),
    "calibrated": (
        "Platt scaling",
        "The real rows, with a sigmoid that turns held-out scores of the classifier into probabilities (Platt, 1999).",
    ),
    "class_weight": (
        "Class weights",
        "The real rows, with mistakes on rare classes weighing more. Costs nothing; some classifiers cannot do it.",
    ),
    "bootstrap": (
        "Bootstrapped rows",
        "Real rows drawn with replacement, as many as the augmented arm has in all, classes in their own proportions "
        "(Efron, 1979).",
    ),
    "duplicate": (
        "Duplicated rows",
        "As many copies of real rows as the augmented arm has synthetic ones. What it gains comes from the number of "
        "rows alone.",
    ),
    "random_over_sampling": (
        "Random over-sampling",
        "Rows of the smaller classes repeated until all classes are as large as the largest.",
    ),
    "smote": (
        "SMOTE",
        "New rows on the lines between neighbours of the same class until classes balance (Chawla et al., 2002; its "
        "kind for mixed columns where there are categories).",
    ),
    "copula": (
        "Gaussian copula",
        "As many synthetic rows as the augmented arm has, from the columns' own distributions and their rank "
        "correlations, class by class; it trains in about a second.",
    ),
    "synthetic_only": (
        "Synthetic rows only",
        "Trained on synthetic rows alone, tested on real ones (TSTR). Shows how much of the task the generator has "
        "learned; nobody is expected to work like that.",
    ),
    "augmented": ("Augmented", "The real rows and the synthetic ones together: what this page is about."),
    "augmented_corrected": (
        "Augmented, corrected",
        "The augmented arm with its probabilities put back to the classes' real shares by the closed form (Saerens, "
        "Latinne and Decaestecker, 2002).",
    ),
    "soft_real": (
        "Soft labels",
        "The real rows, each with the probabilities of a teacher that has not seen it in place of its label alone "
        "(Hinton, Vinyals and Dean, 2015). Needs no generator.",
    ),
    "soft_swapped": (
        "Soft labels and swapped cells",
        "The same, and real rows with half of their cells from other rows, with the probabilities of a teacher of all "
        "real rows. Needs no generator.",
    ),
    "distilled": (
        "Soft labels and synthetic rows",
        "The same with rows of the augmenter in place of swapped cells (Fakoor et al., 2020).",
    ),
    "teacher": ("Teacher", "The teacher itself, which is larger and slower than its students."),
}

_PHRASES = {"threshold": "a threshold", "copula": "a Gaussian copula"}
_PROPER_NAMES = ("Brier", "Gaussian", "Platt")

METRIC_TEXTS: dict[str, tuple[str, str]] = {
    "balanced_accuracy": (
        "Balanced accuracy",
        "The share of rows recognised in each class, averaged over classes, so that rare ones count as much as "
        "frequent ones. With two classes, guessing gives 0.5.",
    ),
    "accuracy": ("Accuracy", "The share of rows whose class was recognised."),
    "f1_macro": (
        "Macro F1",
        "For each class a balance (harmonic mean) of how many of its rows were found and how many of those found were "
        "right; averaged over classes.",
    ),
    "roc_auc": (
        "ROC AUC",
        "How often a row of the one class gets a higher score than a row of the other. 0.5 is guessing, 1 perfect.",
    ),
    "roc_auc_ovr": (
        "ROC AUC, one against the rest",
        "How often a row of a class gets a higher score for it than a row of another class, averaged over classes. "
        "0.5 is guessing, 1 perfect.",
    ),
    "average_precision": (
        "Average precision",
        "How pure the top of the list is when rows are ranked by score. Guessing gives the share of the class.",
    ),
    "neg_log_loss": (
        "Log loss, negated",
        "How much probability was given to what was true, on a logarithmic scale; sure mistakes cost most. Negated, so "
        "that higher is better.",
    ),
    "neg_brier_score": (
        "Brier score, negated",
        "The mean squared distance of the probability given to a class from 1 where it came true, and from 0 where it "
        "did not (Brier, 1950). Negated, so that higher is better; 0 is perfect.",
    ),
    "neg_calibration_error": (
        "Calibration error, negated",
        "How far stated probabilities are from how often they come true. Negated, so that higher is better; 0 is "
        "perfect.",
    ),
}

PREVALENCE_TEXT = (
    "The same metric, of decisions for the class most probable relative to its share in the rows of that arm (Elkan, "
    "The Foundations of Cost-Sensitive Learning, 2001)."
)

RECALL_TEXT = "The share of the rows of one class that were recognised."

TERM_TEXTS: dict[str, str] = {
    CI: (
        "Where the true mean difference lies with 95\u00a0% confidence. Folds share training rows, and the interval is "
        "wider for it."
    ),
    "Effect size": "The mean difference over folds divided by its standard deviation over folds.",
    "Fold": "One split of the rows into a part for training and a part for testing. All arms get the same folds.",
}

VERDICT_TEXTS = {
    HELPS: "It helps",
    NO_BETTER: "No better",
    HURTS: "It hurts",
    CANNOT_TELL: "Cannot tell",
}


def describe_size(design: Mapping[str, Any]) -> str:
    """Return the number of rows and features, or of images and their shape."""
    shape = design.get("image_shape")
    if not shape:
        return f"{pluralize(design['rows'], 'row')}, {pluralize(design['features'], 'feature')}"
    return f"{pluralize(design['rows'], 'image')} of {' × '.join(map(str, shape))}; a row on this page is an image"


def arm_label(name: str) -> str:
    """Return the label of an arm, such as "Class weights"."""
    return ARM_TEXTS[name][0] if name in ARM_TEXTS else show_name(name)


def arm_phrase(name: str) -> str:
    """Return the label of an arm for the middle of a sentence, such as "a threshold"."""
    return _PHRASES.get(name) or lower_first(arm_label(name))


def metric_label(name: str) -> str:
    """Return the label of a metric; an unknown metric keeps its name."""
    if name.endswith(PREVALENCE) and name != PREVALENCE:
        return f"{metric_label(name.removesuffix(PREVALENCE))} at prevalence"
    label = recall_label(name)
    if label is not None:
        return f"Recall of {show_name(label)}"
    return METRIC_TEXTS[name][0] if name in METRIC_TEXTS else show_name(name)


def verdict_label(name: str) -> str:
    """Return the label of a kind of verdict."""
    return VERDICT_TEXTS.get(name, name)


def classifier_label(name: str) -> str:
    """Return the name of a classifier, shortened; the mean of several starts with a capital letter."""
    if not name.startswith("mean of "):
        return show_name(name)
    number = name.removeprefix("mean of ").removesuffix(" classifiers")
    return f"Mean of {show_name(number)} classifiers"


def lower_first(text: str) -> str:
    """Return a text with a lower-case first letter, except names such as SMOTE, ROC AUC or LogisticRegression."""
    first = text.split(" ")[0]
    if first in _PROPER_NAMES or any(letter.isupper() for letter in first[1:]):
        return text
    return text[:1].lower() + text[1:]
