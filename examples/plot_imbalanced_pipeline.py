"""
SMOTE, ganaug, a threshold and a prior correction in pipelines
==============================================================

Five ways to treat a rare class, judged by a metric of decisions, one of ranking and one of probabilities.
``GANAugmenter`` takes the place of ``SMOTE`` in a pipeline of imbalanced-learn.
"""

# %%
# One row in twenty is positive.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV

from ganaug import GANAugmenter, PriorCorrectedClassifier

X, y = make_classification(
    1500, 10, n_informative=5, n_clusters_per_class=2, weights=[0.95], class_sep=0.8, flip_y=0.02, random_state=0
)

# %%
# The threshold is moved by scikit-learn, on held-out rows, without any new rows. The prior correction takes back what
# balancing does to probabilities: it trains on balanced rows, and predicts for the classes as frequent as they are.

forest = RandomForestClassifier(100, min_samples_leaf=3, random_state=0)
gan = GANAugmenter(max_steps=250, filters=None, random_state=0)

models = {
    "real rows only": forest,
    "real rows, threshold moved": TunedThresholdClassifierCV(forest, random_state=0),
    "SMOTE": make_pipeline(SMOTE(random_state=0), forest),
    "ganaug": make_pipeline(gan, forest),
    "ganaug, prior corrected": PriorCorrectedClassifier(forest, gan),
}

# %%
# Resampling happens inside of the pipeline, so each fold augments its training part alone.

scores = []
for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y):
    for name, model in models.items():
        model.fit(X[train], y[train])
        proba = model.predict_proba(X[test])[:, 1]
        scores.append(
            {
                "model": name,
                "balanced accuracy": balanced_accuracy_score(y[test], model.predict(X[test])),
                "ROC AUC": roc_auc_score(y[test], proba),
                "log loss": log_loss(y[test], proba),
            }
        )
table = pd.DataFrame(scores).groupby("model", sort=False).agg(["mean", "min", "max"])
table.xs("mean", axis=1, level=1).round(3)

# %%
# The picture has the mean of the folds as a dot, and their range as a line.

metrics = ["balanced accuracy", "ROC AUC", "log loss"]
figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), sharey=True, layout="constrained")
for ax, metric in zip(axes, metrics, strict=True):
    found = table[metric]
    places = np.arange(len(found))
    ax.hlines(places, found["min"], found["max"], color="#566069")
    ax.plot(found["mean"], places, "o", color="#0b6b73")
    ax.set(title=f"{metric}, {'lower' if metric == 'log loss' else 'higher'} is better")
    ax.title.set_fontsize("medium")
    ax.grid(axis="x", alpha=0.4)
axes[0].set_yticks(places, table.index)
axes[0].invert_yaxis()

# %%
# Read the three panels together. Balancing and moving the threshold both help decisions, and the threshold is free.
# Balanced rows make the rare class look frequent, which costs log loss. The correction takes that back, and with it the
# lower threshold: a corrected model finds few rare rows until its own threshold is moved. Three folds of one table
# prove nothing about the order of the dots. ``gain_report`` has the intervals for that.
