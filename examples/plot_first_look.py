"""
A first look: real rows beside synthetic ones
=============================================

Train a conditional GAN on a table, sample from it, and look at what came out before using it for anything.
"""

# %%
# The table is scikit-learn's breast cancer data: 569 rows, 30 columns of numbers, two classes. A third of the rows is
# held out, because a generator that repeats its training rows would look perfect beside them.

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from ganaug import GANAugmenter

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1 / 3, stratify=y, random_state=0)

augmenter = GANAugmenter(max_steps=500, random_state=0).fit(X_train, y_train)
augmenter

# %%
# A fitted augmenter says what it learned. It samples rows in the proportions of the classes, exact numbers of each
# class, or a single class.

X_new, y_new = augmenter.sample({0: 3, 1: 2})
X_new.assign(target=y_new).iloc[:, [0, 1, 2, -1]]

# %%
# The columns
# -----------
#
# Grey areas are the held-out real rows, lines the synthetic ones. An error is the distance of two distributions
# (`ganaug.metrics.column_errors`). The columns with the largest errors come first, so the picture shows the worst.

augmenter.plot_columns(X_test, y_test)

# %%
# The training
# ------------
#
# Level losses are a good sign in a GAN; they need not fall. The held-out score decides which weights are kept.

augmenter.plot_history()
