"""
What holds between columns stays exact
======================================

A total is the sum of its parts, a code has one name, a delivery is never before its order. Generators that draw columns
side by side break such rules a little, and a little is enough for a row to be nonsense. ganaug finds what holds in
every training row, and keeps it.
"""

# %%
# Orders, with three rules among the columns.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ganaug import GANAugmenter, GaussianCopula

rng = np.random.default_rng(0)
n = 1500
net = np.round(rng.lognormal(3, 0.6, n), 2)
shipping = rng.choice([0.0, 4.9, 9.9], n, p=[0.5, 0.3, 0.2])
code = rng.choice(["NO", "CH", "PT"], n, p=[0.5, 0.3, 0.2])
ordered = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
X = pd.DataFrame(
    {
        "net": net,
        "shipping": shipping,
        "total": np.round(net + shipping, 2),
        "country": code,
        "name": pd.Series(code).map({"NO": "Norway", "CH": "Switzerland", "PT": "Portugal"}),
        "ordered": ordered,
        "delivered": ordered + pd.to_timedelta(rng.integers(1, 15, n), unit="D"),
    }
)
y = pd.Series(np.where(net + rng.normal(0, 8, n) > 22, "returned", "kept"), name="outcome")

# %%
# The augmenter says what it found under *kept exactly*.

augmenter = GANAugmenter(max_steps=400, random_state=0).fit(X, y)
augmenter

# %%
# Compare with a Gaussian copula, which draws each column from its own distribution and links them by correlations.

made = {
    "GANAugmenter": augmenter.sample(n)[0],
    "Gaussian copula": GaussianCopula(random_state=0).fit(X, y).sample(n)[0],
}
names = {"NO": "Norway", "CH": "Switzerland", "PT": "Portugal"}
rules = {
    "total = net + shipping": lambda rows: np.isclose(rows["total"], rows["net"] + rows["shipping"], atol=0.006),
    "country decides name": lambda rows: rows["country"].map(names) == rows["name"],
    "delivered not before ordered": lambda rows: rows["delivered"] >= rows["ordered"],
}
kept = pd.DataFrame(
    {name: {rule: 100 * holds(rows).mean() for rule, holds in rules.items()} for name, rows in made.items()}
)
assert (kept["GANAugmenter"] == 100).all()
kept.round(1)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
styles = {"Gaussian copula": {"color": "#8d9597", "marker": "x"}, "GANAugmenter": {"color": "#0b6b73", "marker": "o"}}
for name, style in styles.items():
    rows = made[name].iloc[:300]
    left.scatter(rows["net"] + rows["shipping"], rows["total"], s=16, linewidths=1, label=name, **style)
    days = (made[name]["delivered"] - made[name]["ordered"]).dt.days
    right.hist(days, np.arange(-30.5, 45.5, 3), histtype="step", linewidth=2, color=style["color"], label=name)
left.set(xlabel="net + shipping", ylabel="total", title="A total is the sum of its parts")
left.legend(frameon=False)
right.axvline(0, color="#566069", linewidth=1)
right.set(xlabel="days from order to delivery", ylabel="rows", title="No delivery is before its order")
