"""
Digits, real beside synthetic
=============================

Images are learned like tables: give an array, a data set or a folder. These are scikit-learn's digits of 8 by 8 pixels.
"""

# %%
# A short training is enough to see digits. Without ``max_steps`` it takes 6000 steps, and they get sharper.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from ganaug import GANAugmenter

digits = load_digits()
images, labels = np.uint8(digits.images * 15), digits.target
train, test, y_train, y_test = train_test_split(images, labels, test_size=0.4, stratify=labels, random_state=0)

augmenter = GANAugmenter(max_steps=800, filters=None, random_state=0).fit(train, y_train)
augmenter

# %%
# Held-out digits on the left, synthetic ones on the right. Nothing was chosen by hand: the first ones that were drawn
# are shown.

augmenter.plot_columns(test, y_test)

# %%
# Are they any good?
# ------------------
#
# A strong test that needs no eye: train a classifier on synthetic digits alone, and test it on real ones.

sizes = [50, 100, 200, 500, 1000]
made, y_made = augmenter.sample(max(sizes), random_state=1)


def score(X, y):
    """Share of held-out real digits that are recognised."""
    model = LogisticRegression(max_iter=2000).fit(X.reshape(len(X), -1) / 255, y)
    return model.score(test.reshape(len(test), -1) / 255, y_test)


figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(sizes, [score(train[:n], y_train[:n]) for n in sizes], "s--", color="#1c2226", label="trained on real digits")
ax.plot(sizes, [score(made[:n], y_made[:n]) for n in sizes], "o-", color="#0b6b73", label="trained on synthetic digits")
ax.set(xlabel="number of digits", ylabel="accuracy on real digits", ylim=(None, 1))
ax.legend(frameon=False, loc="lower right")
ax.grid(axis="y", alpha=0.4)

# %%
# A few synthetic digits teach more than as few real ones, because their generator saw all 1078. With many, what remains
# between the curves is what this short training did not learn.
