"""
A PyTorch loader with a schedule
================================

``augment_loader`` mixes synthetic rows into the batches of any ``DataLoader``. The training loop stays as it is: two
lines change. A schedule mixes many rows at first and none at the end, so that the last epochs see real rows only.
"""

# %%
# Two hundred training rows, and a small network.

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from ganaug import GANAugmenter, augment_loader

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=200, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train).astype("float32"), scaler.transform(X_test).astype("float32")

EPOCHS = 30
augmenter = GANAugmenter(max_steps=300, filters=None, random_state=0).fit(X_train, y_train)

# %%
# The two lines: fit an augmenter, and wrap the loader. In every batch, the share holds to within one row, and each
# synthetic row takes the place of a real one of the same class.


def make_loader():
    """The loader of the real rows."""
    data = TensorDataset(torch.from_numpy(X_train), torch.from_numpy(y_train))
    return DataLoader(data, batch_size=40, shuffle=True, generator=torch.Generator().manual_seed(0))


loaders = {
    "real rows only": make_loader(),
    "half synthetic": augment_loader(make_loader(), augmenter, 0.5),
    "from 80 % to none": augment_loader(make_loader(), augmenter, schedule=("linear", 0.8, 0.0, EPOCHS)),
}

# %%
# The training loop is the same for all three.


def train(loader):
    """Loss on the test rows after each epoch, and the share of synthetic rows in it."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    losses, shares = [], []
    for _ in range(EPOCHS):
        for x, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), labels).backward()
            optimizer.step()
        shares.append(getattr(loader.dataset, "synthetic_fraction", 0.0))
        with torch.no_grad():
            losses.append(float(nn.functional.cross_entropy(net(torch.from_numpy(X_test)), torch.from_numpy(y_test))))
    return losses, shares


figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained", width_ratios=[3, 2])
styles = [{"color": "#1c2226", "ls": "--"}, {"color": "#b5651d", "ls": "-."}, {"color": "#0b6b73", "ls": "-"}]
for (name, loader), style in zip(loaders.items(), styles, strict=True):
    losses, shares = train(loader)
    left.plot(range(1, EPOCHS + 1), losses, label=name, linewidth=1.8, **style)
    right.plot(range(1, EPOCHS + 1), [100 * share for share in shares], linewidth=1.8, **style)
left.set(title="Log loss on test rows", xlabel="epoch", ylim=(0, 0.4))
right.set(title="Synthetic rows in a batch, %", xlabel="epoch", ylim=(-4, 100))
left.legend(frameon=False)

# %%
# One training of one network on one split is a picture, not a result. Repeat it over splits and seeds before you
# believe in any of the curves.
