"""
It says no: believe it
======================

Synthetic rows hold no new information. On a table where a simple model is all there is to find, they cannot help, and
the report says so. The curves below show why it is right.
"""

# %%
# Two classes, each a normal distribution: logistic regression is the right model, and more rows are all it could use.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from ganaug import GANAugmenter, gain_report


def draw(n, seed):
    """Rows of two normal distributions whose means are one and a half apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return rng.normal(size=(n, 4)) + np.outer(y, [1.5, 0, 0, 0]), y


X, y = draw(200, 0)
report = gain_report(
    GANAugmenter(max_steps=200, filters=None),
    X,
    y,
    classifier=LogisticRegression(),
    metrics=["neg_log_loss", "roc_auc"],
    arms=["bootstrap", "duplicate", "copula"],
    synthetic_fraction=0.5,
    cv=5,
    n_repeats=1,
    fidelity=False,
    random_state=0,
)
report.plot()

# %%
# The verdict
# -----------

print(report.verdict)

# %%
# What would have happened
# ------------------------
#
# Here we can know what nobody knows in practice: the score on a hundred thousand new rows. Add synthetic rows, as many
# as you like, and compare with as many new real ones.

X_many, y_many = draw(100_000, 1)
augmenter = GANAugmenter(max_steps=200, filters=None, random_state=0).fit(X, y)
sizes = [0, 100, 200, 400, 800, 1600]
X_made, y_made = augmenter.sample(max(sizes), random_state=0)
X_more, y_more = draw(max(sizes), 2)


def score(X_added, y_added):
    """Log loss of a model of the real rows and others."""
    model = LogisticRegression().fit(np.vstack([X, X_added]), np.concatenate([y, y_added]))
    return log_loss(y_many, model.predict_proba(X_many))


figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
ax.plot(sizes, [score(X_made[:n], y_made[:n]) for n in sizes], "o-", color="#0b6b73", label="synthetic rows added")
ax.plot(sizes, [score(X_more[:n], y_more[:n]) for n in sizes], "s--", color="#1c2226", label="new real rows added")
ax.set(xlabel="rows added to 200 real ones", ylabel="log loss on new rows, lower is better")
ax.legend(frameon=False)
ax.grid(axis="y", alpha=0.4)

# %%
# New real rows help. Synthetic rows come from the same 200 rows, errors included, and the model already had those.
# When a report says *hurts*, *no better* or *cannot tell*, collect rows, or leave the table as it is.
