"""
Soft labels: a tree that learns from a forest
=============================================

With few rows, a label that says how sure one can be teaches more than yes or no. ``DistilledClassifier`` trains any
classifier on the probabilities of a teacher that has not seen the row that it labels.
"""

# %%
# One shallow tree, as one would print on paper, for 200 rows.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.tree import DecisionTreeClassifier

from ganaug import DistilledClassifier

X, y = load_breast_cancer(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=5, random_state=0)
teacher = RandomForestClassifier(100, random_state=0)

# %%
# The student learns from real rows with soft labels, and from real rows with swapped cells that the teacher labels.
# No generator is needed for that.

scores = []
for train, test in StratifiedShuffleSplit(6, train_size=200, random_state=0).split(X, y):
    models = {
        "the tree alone": tree.fit(X[train], y[train]),
        "the tree, soft labels": DistilledClassifier(tree, teacher=teacher, random_state=0).fit(X[train], y[train]),
    }
    models["its teacher"] = models["the tree, soft labels"].teacher_
    for name, model in models.items():
        proba = model.predict_proba(X[test])[:, 1]
        scores.append({"model": name, "ROC AUC": roc_auc_score(y[test], proba), "log loss": log_loss(y[test], proba)})
table = pd.DataFrame(scores)
table.groupby("model", sort=False).mean().round(3)

# %%
# Each line is one split of the rows.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for ax, metric in zip(axes, ["ROC AUC", "log loss"], strict=True):
    lines = np.array([part.to_numpy() for _, part in table.groupby("model", sort=False)[metric]])
    ax.plot(lines, color="#c3c8c9", linewidth=1)
    ax.plot(lines.mean(axis=1), "o-", color="#0b6b73", linewidth=2)
    ax.set_xticks(range(3), table["model"].unique())
    ax.set_xlim(-0.3, 2.3)
    ax.set_title(f"{metric}, {'lower' if metric == 'log loss' else 'higher'} is better", loc="left")
    ax.grid(axis="y", alpha=0.4)

# %%
# The teacher is mostly better still. Take the student where one wants a model that is small, fast, or of a kind that
# can be read; otherwise take ``model.teacher_``.
