"""
What a generator gives away
===========================

Synthetic rows are not anonymous because they are synthetic. Membership inference asks whether an attacker who sees the
synthetic rows, and holds a real row, can tell that the generator learned from it.
"""

# %%
# Half of the rows are learned from, the others are not. An attacker has to tell both apart; 0.5 is guessing.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from ganaug import GANAugmenter, GaussianCopula
from ganaug.metrics import membership_inference, near_copy_share

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
order = np.random.default_rng(0).permutation(len(X))
members, others = np.array_split(order, 2)
rows = X.assign(target=y)

# %%
# Four generators. Two are controls: a memoriser that hands out its training rows with a little noise, and the rows that
# nobody learned from, which cannot give anything away.


def sample_from(augmenter):
    """As many rows as were learned from."""
    made, labels = augmenter.fit(X.iloc[members], y.iloc[members]).sample(len(members))
    return made.assign(target=labels)


noise = np.random.default_rng(1).normal(1, 0.01, (len(members), X.shape[1]))
non_members, never_learned = np.array_split(others, 2)
generators = {
    "memoriser": rows.iloc[members].assign(**(X.iloc[members] * noise)),
    "GANAugmenter": sample_from(GANAugmenter(max_steps=500, random_state=0)),
    "Gaussian copula": sample_from(GaussianCopula(random_state=0)),
    "other real rows": rows.iloc[never_learned],
}
attacks = {
    name: membership_inference(rows.iloc[members], made, rows.iloc[non_members], random_state=0)
    for name, made in generators.items()
}

# %%
# The dot is the attack that succeeded best, and ticks are the others. Its interval is corrected for the choice among
# several; a hollow dot is no better than guessing as far as these rows can tell.

figure, ax = plt.subplots(figsize=(7.5, 2.7), layout="constrained")
for place, found in enumerate(attacks.values()):
    best = found.maximum
    colour = "#0b6b73" if place == 1 else "#1c2226"
    ax.plot([best.ci_low, best.ci_high], [place, place], color=colour, linewidth=2)
    ax.plot(best.auc, place, "o", color=colour, markersize=8, markerfacecolor=colour if best.ci_low > 0.5 else "white")
    ax.plot([attack.auc for attack in found.attacks], [place] * len(found.attacks), "|", color=colour, markersize=9)
ax.axvline(0.5, color="#566069", linewidth=1)
ax.set_yticks(range(len(attacks)), attacks)
ax.invert_yaxis()
ax.set(xlabel="ROC AUC of the attacks; 0.5 is guessing", xlim=(0.35, 1.02))

# %%
# Near-copies look at the same from the other side: how many synthetic rows lie unusually close to a training row,
# beside real rows that were never seen.

copies = {
    name: near_copy_share(rows.iloc[members], made, rows.iloc[non_members], 0) for name, made in generators.items()
}
pd.DataFrame(
    {name: {"near-copies": found.synthetic, "of unseen real rows": found.holdout} for name, found in copies.items()}
).T

# %%
# An attack that fails proves nothing: a better one may succeed. ganaug promises no privacy, and has no differential
# privacy. Treat synthetic rows as you treat the real ones they came from.
