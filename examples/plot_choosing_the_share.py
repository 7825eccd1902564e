"""
How many synthetic rows? Let held-out rows choose
=================================================

``TunedAugmenterCV`` tries shares of synthetic rows on held-out rows, zero included, and adds the smallest share within
one standard error of the best. Where synthetic rows do not help, it adds none.
"""

# %%
# A rare class in a table of 800 rows.

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification

from ganaug import GANAugmenter, TunedAugmenterCV

X, y = make_classification(
    800, 10, n_informative=5, n_clusters_per_class=3, weights=[0.9], class_sep=0.7, flip_y=0.02, random_state=1
)

tuned = TunedAugmenterCV(
    GANAugmenter(max_steps=300, filters=None),
    classifier=["neighbours", "boosting"],
    fractions=(0, 0.1, 0.25, 0.5, 0.75),
    cv=3,
    random_state=0,
)
X_more, y_more = tuned.fit_resample(X, y)
print(f"{len(X_more) - len(X)} rows added, a share of {tuned.share_:.0%}")

# %%
# The scores of all candidates: a share of 50 % adds one synthetic row for each real one. Balanced candidates fill up
# the rare class first.

tuned.scores_.round(4)

# %%
figure, ax = plt.subplots(figsize=(6.8, 3.6), layout="constrained")
styles = {False: {"color": "#1c2226", "fmt": "s--"}, True: {"color": "#0b6b73", "fmt": "o-"}}
zero = tuned.scores_[tuned.scores_["share"] == 0]
for balance, style in styles.items():
    found = tuned.scores_[(tuned.scores_["balance"] == balance) & (tuned.scores_["share"] > 0)]
    shift = 0.006 if balance else -0.006
    ax.errorbar(
        100 * (found["share"] + shift),
        100 * found["difference"],
        100 * found["standard_error"],
        capsize=3,
        label="rare class first" if balance else "classes as they are",
        **style,
    )
ax.axhline(0, color="#566069", linewidth=1)
chosen = tuned.scores_[tuned.scores_["chosen"]].iloc[0]
ax.plot(
    100 * chosen["share"], 100 * chosen["difference"], "*", markersize=17, color="#b5651d", label="chosen", zorder=5
)
ax.set(
    xlabel="synthetic rows among all, %",
    ylabel="gain in ROC AUC, points",
    title="Gain on held-out rows, with its standard error",
)
ax.legend(frameon=False, ncols=3, loc="lower center")
ax.margins(y=0.35)

# %%
# The choice is made on inner folds and flatters itself a little. Whether it holds on rows that took no part in it is
# for ``gain_report(tuned, X, y)`` to say.
