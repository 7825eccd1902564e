"""Count lines, names and repetitions of the code: `python -m benchmarks.structure [FOLDER]`.

It counts modules, lines, the longest function, module names that occur twice, public names, private attributes that the
command line reads, and runs of lines that are written twice, in `ganaug/` and `cli/` of this or another checkout.
"""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

RUN = 6
"""Smallest number of lines of a run that counts as repeated."""

COMMON = 8
"""Runs in more places than this are idioms of the language, and not counted."""

_INTERNAL = re.compile(r"\.(model_|schema_|encoder|conditions|_[a-z]\w*)\b|\b(safe_open|json\.loads)\(")
_IMPORT = re.compile(r"(from|import) ")
_WORD = re.compile(r"\b(?!(?:" + "|".join(keyword.kwlist) + r")\b)[a-zA-Z_]\w*")
_TEXT_OR_NUMBER = re.compile(r"""[rfb]*"[^"]*"|\b\d[\w.]*""")
_TRIVIAL = re.compile(r"[\W\d]*")


def main(root: Path) -> None:
    """Print the figures of the checkout at `root` as lines of a table."""
    print("| | ganaug | cli |\n|---|---:|---:|")
    rooms = {room: read_modules(root / room) for room in ("ganaug", "cli")}
    for name, measure in MEASURES.items():
        print(f"| {name} | " + " | ".join(str(measure(files)) for files in rooms.values()) + " |")
    both = rooms["ganaug"] | rooms["cli"]
    runs, shapes = count_repeats(both, str), count_repeats(both, mask_names)
    print(f"\nRuns of {RUN} or more lines that stand twice: {runs}, as shapes: {shapes}")
    print(f"Private things that the command line reads: {count_private_reads(rooms['cli'])}")
    print(f"Public names of ganaug: {count_public_names(root / 'ganaug' / '__init__.py')}")


def read_modules(folder: Path) -> dict[Path, str]:
    """Return the text of every module below a folder."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))}


def list_code_lines(text: str) -> list[tuple[int, str]]:
    """Return the numbered lines of a module without docstrings, comments and blank lines."""
    skipped = {
        line for node in find_docstrings(ast.parse(text)) for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    lines = enumerate((line.strip() for line in text.splitlines()), start=1)
    return [(i, line) for i, line in lines if line and i not in skipped and not line.startswith("#")]


def find_docstrings(tree: ast.AST) -> Iterator[ast.Expr]:
    """Yield the strings that are statements."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node


def measure_functions(files: dict[Path, str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of code, and the name, of each function."""
    for path, text in files.items():
        numbers = [number for number, _ in list_code_lines(text)]
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first, last = node.body[0].lineno, node.end_lineno or 0
                yield sum(first <= number <= last for number in numbers), f"{path.stem}.{node.name}"


def find_longest(files: dict[Path, str]) -> str:
    """Return the longest function and its length."""
    length, name = max(measure_functions(files))
    return f"{length} ({name})"


def find_repeated_names(files: dict[Path, str]) -> str:
    """Return the names that more than one module has."""
    counts = Counter(path.stem for path in files if path.stem != "__init__")
    return f"{sum(n > 1 for n in counts.values())} ({', '.join(name for name, n in counts.items() if n > 1)})"


def mask_names(line: str) -> str:
    """Return a line without its names, texts and numbers."""
    return _WORD.sub("name", _TEXT_OR_NUMBER.sub("value", line))


def count_repeats(files: dict[Path, str], form: Callable[[str], str]) -> int:
    """Count the pairs of modules, or single ones, that repeat a run of code in the same form, without imports."""
    texts = [[form(line) for _, line in list_code_lines(text) if not _IMPORT.match(line)] for text in files.values()]
    places: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for file, lines in enumerate(texts):
        for start in range(len(lines) - RUN + 1):
            window = tuple(lines[start : start + RUN])
            if sum(not _TRIVIAL.fullmatch(line) for line in window) > RUN // 2:
                places[window].append((file, start))
    few = [found for found in places.values() if len(found) <= COMMON]
    return len({(f, g) for found in few for f, i in found for g, j in found if (f, i) < (g, j)})


def count_private_reads(files: dict[Path, str]) -> int:
    """Count the private names that the command line reads: attributes of models, and content of model files."""
    lines = (line for text in files.values() for _, line in list_code_lines(text))
    return sum(len(_INTERNAL.findall(line)) for line in lines if not _IMPORT.match(line))


def count_public_names(path: Path) -> int:
    """Count the names in `__all__`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return len(ast.literal_eval(node.value))
    return 0


MEASURES = {
    "modules": len,
    "lines": lambda files: sum(len(text.splitlines()) for text in files.values()),
    "lines of code": lambda files: sum(len(list_code_lines(text)) for text in files.values()),
    "longest function (lines of code)": find_longest,
    "module names that occur twice": find_repeated_names,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1])
