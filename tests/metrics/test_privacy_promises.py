"""What a trained model gives away, measured at its defaults: copies, members, planted rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from promises import full_length

from ganaug import GANAugmenter
from ganaug.metrics import membership_inference, near_copy_share

pytestmark = pytest.mark.slow  # a training at defaults, and its attacks

N_CANARIES = 20


def customers(n, seed):
    """Rows of everyday life: numbers that hang together, categories, gaps, and a class of one in five."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    income = np.round(rng.lognormal(10, 0.5, n) * (1 + age / 200), 2)
    city = rng.choice(["Bern", "Oslo", "Rome", "Faro", "Graz"], n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    calls = rng.poisson(1 + (city == "Rome") * 3)
    X = pd.DataFrame(
        {
            "age": age,
            "income": income,
            "spent": np.round(income * rng.beta(2, 5, n), 2),
            "city": city,
            "plan": rng.choice(["basic", "plus", "pro"], n),
            "calls": calls,
            "score": rng.normal(0, 1, n),
            "balance": np.where(rng.random(n) < 0.3, 0.0, np.round(rng.normal(0, 300, n), 2)),
            "height": np.where(rng.random(n) < 0.1, np.nan, np.round(rng.normal(172, 9, n), 1)),
        }
    )
    return X, np.where(calls + rng.normal(0, 1, n) > 3, "leaves", "stays")


def canaries():
    """Rows like no other: each number near an end of its range, categories that seldom meet."""
    X, _ = customers(N_CANARIES, seed=99)
    rng = np.random.default_rng(98)
    for name in ("income", "spent", "balance", "score"):
        X[name] = np.round(X[name] * 0 + rng.uniform(3, 6, N_CANARIES) * {"score": 1}.get(name, 20_000), 2)
    return X.assign(city="Graz", age=rng.integers(85, 90, N_CANARIES), calls=9)


@pytest.fixture(scope="module")
def trained():
    """Members with canaries among them, twice as many held-out rows, and what a model at its defaults samples."""
    n = full_length(4000, suite=800)
    X, y = customers(3 * n, seed=1)
    members = pd.concat([X[:n], canaries()], ignore_index=True)
    labels = np.r_[y[:n], ["stays"] * N_CANARIES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        augmenter = GANAugmenter(random_state=0, device="cpu").fit(members, labels)
        made = augmenter.sample(max(10_000, len(members)))[0]
    return members, X[n:].reset_index(drop=True), made


@pytest.mark.promise("membership")
def test_membership_can_hardly_be_told_at_defaults(trained, attempt, finding):
    members, held_out, made = trained
    found = membership_inference(members, made, held_out, random_state=0)
    attempt(found.members + found.non_members)
    best = found.maximum
    assert best.ci_low <= 0.55, found
    finding(f"{best.auc:.3f} [{best.ci_low:.3f}, {best.ci_high:.3f}] at defaults, the best of {len(found.attacks)}")


@pytest.mark.promise("membership")
def test_a_memoriser_is_found(trained, attempt, finding):
    members, held_out, _ = trained
    found = membership_inference(members, members, held_out, random_state=0)
    attempt(found.members + found.non_members)
    assert found.maximum.auc >= 0.9
    finding(f"{found.maximum.auc:.3f} of a memoriser")


@pytest.mark.promise("copies")
def test_near_copies_are_no_more_frequent_than_among_held_out_rows(trained, attempt, finding):
    members, held_out, made = trained
    found = near_copy_share(members, made, held_out)
    attempt(found.n)
    chance = 3 * np.sqrt(max(found.holdout, 0.01) / len(held_out))
    assert found.synthetic <= found.holdout + chance, found
    finding(f"{found.synthetic:.1%} near-copies, {found.holdout:.1%} among held-out rows")


@pytest.mark.slow
@pytest.mark.promise("canaries")
def test_no_planted_row_is_reproduced(trained, attempt, finding):
    _, _, made = trained
    numbers = ["age", "income", "spent", "calls", "score", "balance"]
    attempt(N_CANARIES)
    for _, row in canaries().iterrows():
        alike = (made["city"] == row["city"]) & (made["plan"] == row["plan"])
        near = np.isclose(made.loc[alike, numbers].astype(float), row[numbers].astype(float), rtol=0.01).all(1)
        assert not near.any(), f"reproduced: {row.to_dict()}"
    finding(f"none within 1 % among {len(made):,} samples")
