"""
Rows that meet conditions
=========================

``sample(where=...)`` gives rows with certain values: customers of one city, between two ages, who joined in one year.
Candidates are drawn from the generator and kept if they meet all conditions, so the other columns follow.
"""

# %%
# A table of customers. Older people pay more rent, and Oslo is expensive.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ganaug import GANAugmenter, ParameterError

rng = np.random.default_rng(0)
n = 1500
age = rng.integers(18, 80, n)
city = rng.choice(["Bern", "Oslo", "Porto"], n, p=[0.5, 0.3, 0.2])
rent = np.round(600 + 6 * age + 500 * (city == "Oslo") + rng.normal(0, 120, n))
since = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3650, n), unit="D")
X = pd.DataFrame({"age": age, "city": city, "rent": rent, "since": since})
y = pd.Series(np.where(rent + rng.normal(0, 200, n) > 1100, "leaves", "stays"), name="churn")

augmenter = GANAugmenter(max_steps=600, random_state=0).fit(X, y)

# %%
# A condition is a value, a list of values, or a range of numbers or dates. ``"2021"`` is the whole year.

where = {"city": ["Oslo", "Porto"], "age": (30, 40), "since": "2021"}
X_new, y_new = augmenter.sample(200, where=where)
X_new.assign(churn=y_new).head()

# %%
# Every row meets all conditions. ``conditions_`` says how many candidates that took.

assert X_new["city"].isin(["Oslo", "Porto"]).all()
assert X_new["age"].between(30, 40).all()
assert (X_new["since"].dt.year == 2021).all()
augmenter.conditions_

# %%
# The other columns follow
# ------------------------
#
# Rents depend on city and age. Synthetic rows are asked for by city here, and should have the rents of the real rows
# there, not those of the whole table.

figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.8), sharex=True, sharey=True, layout="constrained")
bins = np.linspace(rent.min(), rent.max(), 26)
for ax, name in zip(axes, ["Bern", "Oslo", "Porto"], strict=True):
    made, _ = augmenter.sample(800, where={"city": name})
    ax.hist(X.loc[X["city"] == name, "rent"], bins, density=True, color="#c3c8c9", label="real")
    ax.hist(made["rent"], bins, density=True, histtype="step", color="#0b6b73", linewidth=2, label="synthetic")
    ax.set(title=name, xlabel="rent", yticks=[])
axes[0].legend(frameon=False)

# %%
# What cannot be met is said
# --------------------------
#
# A value that never occurred is refused by name, instead of being invented.

try:
    augmenter.sample(10, where={"city": "Prto"})
except ParameterError as error:
    print(error)
