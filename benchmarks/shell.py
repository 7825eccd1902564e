"""Train and augment tables from the shell, with defaults, and check every row that was written.

    python -m benchmarks.shell data/churn.csv data/car.csv ...

For each table: ``ganaug train`` and ``ganaug augment --balance``, then: the columns and their order; the real rows,
cell by cell; the number of rows of each class; and in every synthetic row, every cell: a value that was seen where the
column holds text, a number of the same kind inside the range that was seen, missing only where cells were missing, and
a fresh, unrepeated value in a column that names rows. Nothing of ganaug is used for checking.
"""

from __future__ import annotations

import argparse
import collections
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MISSING = {"", "?", "NA", "NaN", "nan", "null"}


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read header and rows of a CSV file, as text."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


def parse_numbers(cells: list[str]) -> list[float] | None:
    """Return the cells that are not missing as numbers, or None where one is not a number."""
    try:
        return [float(cell) for cell in cells if cell not in MISSING]
    except ValueError:
        return None


def is_whole(cells: list[str]) -> bool:
    """Return whether no present cell has a point or an exponent."""
    return all(cell.lstrip("-").isdigit() for cell in cells if cell not in MISSING)


def find_column_faults(name: str, real: list[str], synthetic: list[str]) -> list[str]:
    """Return the faults of the synthetic cells of one column."""
    seen, distinct = set(real), len(set(real))
    values = parse_numbers(real)
    if values is None or not values:
        if distinct > 0.95 * len(real) > 19:
            repeated = len(synthetic) - len(set(synthetic) - seen)
            return [f"{name}: {repeated} identifiers are not fresh"] if repeated else []
        new = set(synthetic) - seen
        return [f"{name}: {len(new)} values were never seen, such as {new.pop()!r}"] if new else []
    found = parse_numbers(synthetic)
    if found is None:
        return [f"{name}: some cells are no numbers"]
    faults = []
    if found and (min(found) < min(values) or max(found) > max(values)):
        faults.append(f"{name}: {min(found)} .. {max(found)} leaves {min(values)} .. {max(values)}")
    if is_whole(real) and not is_whole(synthetic):
        faults.append(f"{name}: whole numbers became fractions")
    if set(synthetic) & MISSING - seen:
        faults.append(f"{name}: missing cells in a column without any, or spelt otherwise")
    return faults


def is_same_cell(a: str, b: str) -> bool:
    """Return whether two cells hold the same text or the same number."""
    return a == b or (
        a not in MISSING
        and b not in MISSING
        and parse_numbers([a]) is not None
        and parse_numbers([a]) == parse_numbers([b])
    )


def find_faults(source: Path, augmented: Path) -> list[str]:
    """Return all faults of an augmented table."""
    header, real = read_csv(source)
    new_header, rows = read_csv(augmented)
    if header != new_header:
        return [f"columns {new_header} in place of {header}"]
    found = []
    if not all(is_same_cell(a, b) for old, new in zip(real, rows, strict=False) for a, b in zip(old, new, strict=True)):
        found.append("the real rows are not the first rows, unchanged")
    synthetic = rows[len(real) :]
    counts = collections.Counter(row[-1] for row in rows)
    if set(counts.values()) != {max(collections.Counter(row[-1] for row in real).values())}:
        found.append(f"classes are not balanced: {dict(counts)}")
    for i, name in enumerate(header):
        found += find_column_faults(name, [row[i] for row in real], [row[i] for row in synthetic])
    return found


def run_command(*words: str | Path) -> float:
    """Run one command and return its seconds; show its messages only if it fails."""
    started = time.monotonic()
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\nexit code {done.returncode}\n{done.stderr}")
    return time.monotonic() - started


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shell", description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="CSV files whose last column is the label")
    options = parser.parse_args()
    print("| table | rows | train s | augment s | synthetic rows | cells checked | faults |")
    print("|---" * 7 + "|")
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in options.tables:
            augmented = Path(folder, f"{source.stem}_augmented.csv")
            train = run_command("ganaug", "train", source, "-o", Path(folder, f"{source.stem}.safetensors"))
            augment = run_command("ganaug", "augment", source, "--balance", "-o", augmented)
            found = find_faults(source, augmented)
            rows, width = len(read_csv(source)[1]), len(read_csv(source)[0])
            new = len(read_csv(augmented)[1]) - rows
            cells = f"| {source.stem} | {rows} | {train:.0f} | {augment:.0f} | {new} | {(rows + new) * width} |"
            print(f"{cells} {'; '.join(found) or 0} |", flush=True)
            bad += len(found)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
