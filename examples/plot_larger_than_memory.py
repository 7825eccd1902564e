"""
Train on more than fits in memory
=================================

A training draws some million rows at most, however large the table. So ganaug reads Parquet files in parts and learns
from a sample of each class. All rows decide what a sample would get wrong: the shares of the classes, the smallest and
the largest values.
"""

# %%
# A table in several files, here a small one. One class is rare, and one amount is far above all others.

import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ganaug import GANAugmenter

rng = np.random.default_rng(0)
folder = tempfile.mkdtemp()
parts = []
for month in range(1, 7):
    n = 20_000
    fraud = rng.random(n) < 0.004
    part = pd.DataFrame({"amount": rng.lognormal(3 + fraud, 0.8, n).round(2), "hour": rng.integers(0, 24, n)})
    part.loc[fraud, "hour"] = rng.choice([1, 2, 3, 23], fraud.sum())
    part["kind"] = np.where(fraud, "fraud", "normal")
    part.to_parquet(f"{folder}/{month:02}.parquet", index=False)
    parts.append(part)

# %%
# Name the files and the column of the labels. The default of `max_rows` is a million.

augmenter = GANAugmenter(max_rows=5000, max_steps=300, random_state=0).fit(f"{folder}/*.parquet", "kind")
augmenter

# %%
# What was learned from the sample, beside all rows: the classes have their real shares, and the range is that of every
# file.

whole = pd.concat(parts)
amount = next(column for column in augmenter.describe()["columns"] if column["name"] == "amount")
pd.DataFrame(
    {
        "all rows": [len(whole), (whole["kind"] == "fraud").mean(), whole["amount"].max()],
        "the model": [augmenter.n_samples_, augmenter.describe()["classes"][0]["share"], amount["max"]],
    },
    index=["rows", "share of fraud", "largest amount"],
)

# %%
# Rows come out in files, too: `write_samples` writes as many as you like, in several processes if there are cores.

written = augmenter.write_samples(f"{folder}/synthetic", 30_000, shard_rows=10_000, random_state=0)
made = pd.read_parquet(f"{folder}/synthetic")

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained", sharey=True)
for ax, kind in zip(axes, ("normal", "fraud"), strict=True):
    for rows, name, colour in ((whole, "real", "#8d9597"), (made, "synthetic", "#0b6b73")):
        amounts = np.log10(rows.loc[rows["kind"] == kind, "amount"])
        ax.hist(amounts, np.arange(0, 4, 0.1), density=True, histtype="step", linewidth=2, color=colour, label=name)
    ax.set(xlabel="amount", title=kind)
    ax.set_xticks(range(5), ["1", "10", "100", "1,000", "10,000"])
axes[0].set_ylabel("density")
axes[0].legend(frameon=False)
