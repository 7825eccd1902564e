"""
Missing cells, dates, keys and text: a round trip
=================================================

Real tables have gaps, dates, categories, keys and columns that nobody explained. ganaug takes them as they are, and
gives back the same columns, order and dtypes.
"""

# %%
# The table has one column of each kind. Incomes are missing more often for the young, which is worth keeping.

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ganaug import DataWarning, GANAugmenter

rng = np.random.default_rng(0)
n = 1200
age = rng.integers(18, 80, n)
income = np.round(rng.lognormal(10, 0.4, n) * (0.7 + age / 100), 2)
plan = rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1])
X = pd.DataFrame(
    {
        "customer": [f"C{i:05d}" for i in rng.permutation(n)],
        "age": age,
        "income": np.where(rng.random(n) < np.clip((45 - age) / 60, 0.02, 1), np.nan, income),
        "plan": pd.Categorical(plan, ["basic", "plus", "pro"], ordered=True),
        "newsletter": pd.array(rng.random(n) < 0.4, dtype="boolean"),
        "joined": pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 2000, n), unit="D"),
    }
)
X["last_seen"] = X["joined"] + pd.to_timedelta(rng.integers(0, 400, n), unit="D")
y = pd.Series(np.where(age / 80 + 0.5 * (plan == "pro") + rng.normal(0, 0.3, n) > 0.8, "buys", "looks"), name="buyer")

# %%
# A key is found and told, since no pattern can be learned from it. Synthetic rows get fresh keys of the same form.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", DataWarning)
    augmenter = GANAugmenter(max_steps=500, random_state=0).fit(X, y)
for warning in caught:
    print(warning.message)

# %%
X_new, y_new = augmenter.sample(1200)
X_new.head()

# %%
# The same columns, order and dtypes; no key twice; and nobody was last seen before joining, because that held in every
# real row.

assert X_new.dtypes.equals(X.dtypes)
assert not set(X_new["customer"]) & set(X["customer"])
assert (X_new["last_seen"] >= X_new["joined"]).all()
augmenter

# %%
# Gaps come where they came
# -------------------------

figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained", width_ratios=[3, 2])
groups = pd.cut(X["age"], [17, 30, 40, 50, 60, 80])
for frame, name, style in (
    (X, "real", {"color": "#8d9597", "marker": "s"}),
    (X_new, "synthetic", {"color": "#0b6b73"}),
):
    by_age = pd.cut(frame["age"], groups.cat.categories)
    share = frame["income"].isna().groupby(by_age, observed=False).mean()
    axes[0].plot(range(len(share)), 100 * share, **{"marker": "o", "linewidth": 2, "label": name, **style})
axes[0].set_xticks(range(len(share)), [f"{int(edge.left) + 1} to {int(edge.right)}" for edge in share.index])
axes[0].set(title="Missing incomes by age", xlabel="age", ylabel="% missing", ylim=(0, None))
axes[0].legend(frameon=False)
axes[0].grid(axis="y", alpha=0.4)
augmenter.plot_columns(X, columns="joined", ax=axes[1])
