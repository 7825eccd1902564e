"""
First steps
===========

Train on a table, sample rows, and look at them beside the real ones.
"""

# %%
# The table has 569 rows and 30 columns of numbers; the label says whether a tumour is benign. Training is cut to 300
# steps here, so that this page is built quickly. Leave ``max_steps`` out for the full training.

from sklearn.datasets import load_breast_cancer

from ganaug import GANAugmenter

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
augmenter = GANAugmenter(max_steps=300, random_state=0).fit(X, y)
X_new, y_new = augmenter.sample(len(X))
X_new.iloc[:5, :4]

# %%
# Real rows beside synthetic ones, in two columns. The classes lie where they should, and so does their overlap.

import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
for ax, title, rows, labels in zip(axes, ["real", "synthetic"], [X, X_new], [y, y_new], strict=True):
    for label, name, colour in [(0, "malignant", "#d95f02"), (1, "benign", "#1b9e77")]:
        part = rows[labels == label]
        ax.scatter(part["mean radius"], part["mean texture"], s=12, alpha=0.6, color=colour, label=name)
    ax.set(title=title, xlabel="mean radius", ylabel="mean texture")
axes[0].legend()
plt.show()

# %%
# Ask for what you need: rows of one class that meet a condition.

augmenter.sample(3, y=0, where={"mean radius": (12, 14)})[0].iloc[:, :4]
