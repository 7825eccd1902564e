"""Loaders of every kind, of the real packages, keep the share of each batch, or say what does."""

from __future__ import annotations

import pytest

from benchmarks.loaders import command

REFUSED = {
    "timm, prefetched": "PrefetchLoader",
    "webdataset, WebLoader": "WebLoader",
    "Accelerate, already prepared": "DataLoaderShard",
    "Fabric, already set up": "_FabricDataLoader",
}
PLAIN = ["plain", "WeightedRandomSampler", "custom batch sampler", "IterableDataset"]


def check(name):
    row = command.render_row(name, command.LOADERS[name], 0.3)
    if row.endswith("is not installed |"):
        pytest.skip(row)
    if name in REFUSED:
        assert "refused: The " in row and REFUSED[name] in row and "put SyntheticMix on its batches" in row
    else:
        assert "| 4 to 5 of 16, " in row and row.endswith("| all within one sample |")


@pytest.mark.parametrize("name", PLAIN)
def test_loaders_of_torch_keep_the_share(name):
    check(name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the packages, about each other
@pytest.mark.parametrize("name", [name for name in command.LOADERS if name not in PLAIN])
def test_loaders_of_every_kind_keep_the_share_or_name_what_does(name):
    check(name)


def test_a_share_that_is_missed_and_a_package_that_is_not_there_are_told(monkeypatch):
    assert "**more than one sample off**" in command.render_row("plain", lambda f: command.LOADERS["plain"](0.6), 0.3)
    monkeypatch.setitem(command.NEEDED, "plain", "no_such_package")
    assert command.render_row("plain", command.LOADERS["plain"], 0.3) == (
        "| plain | | | no_such_package is not installed |"
    )
