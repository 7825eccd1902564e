"""Write what the fuzz targets start from: ``python tests/fuzz/seeds.py build/`` fills build/corpus-*/."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from csv_files import READ, REFUSED
from small import numbers, quick_augmenter


def main(folder: Path) -> None:
    """Write all CSV files that the tests know, and two models that are small, so that many can be tried."""
    for name in ("csv_reader", "model_file"):
        (folder / f"corpus-{name}").mkdir(parents=True, exist_ok=True)
    for number, (data, _) in enumerate([*READ.values(), *REFUSED.values()]):
        (folder / "corpus-csv_reader" / f"{number:03d}").write_bytes(data)
    quick_augmenter().fit(*numbers(40)).save(folder / "corpus-model_file" / "plain")
    judged = quick_augmenter(filters={"marginals": 1.0, "label_agreement": 1.0})
    judged.fit(*numbers(40)).save(folder / "corpus-model_file" / "judged")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
