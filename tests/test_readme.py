"""The README is true: its Python runs, its commands exist, its figures are those of the committed results."""

import re
import warnings
from pathlib import Path

from click.testing import CliRunner

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
MAKEFILE = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python_blocks_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(blocks("python")) >= 2
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a training of 50 steps may well warn of a collapse
        for block in blocks("python"):
            exec(compile(block, "README.md", "exec"), names)
    X, X_more, y_more = names["X"], names["X_more"], names["y_more"]
    assert X_more.iloc[: len(X)].equals(X)
    assert y_more.value_counts().nunique() == 1
    assert len(names["scores"]) == 3


def test_make_targets_exist():
    named = re.findall(r"^make ([a-z-]+)", "\n".join(blocks("bash")), flags=re.MULTILINE)
    assert {"demo", "test"} <= set(named)
    for target in named:
        assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), target


def test_commands_and_their_options_exist():
    from ganaug_cli.main import cli

    named = re.findall(r"\bganaug ([a-z]+)((?: [^\s`#]+)*)", README)
    assert {"train", "sample", "augment", "inspect"} <= {command for command, _ in named}
    for command, rest in named:
        if command not in cli.commands:
            continue
        shown = CliRunner().invoke(cli, [command, "--help"]).output
        for option in re.findall(r"(?<!\S)(-n|--?[a-z-]+)", rest):
            assert option in shown, f"ganaug {command} has no {option}"


def test_figures_are_those_of_the_committed_results():
    from benchmarks.readme import updated

    assert updated(README) == README, "run python -m benchmarks.readme"


def test_the_page_of_gains_is_that_of_the_committed_results():
    from benchmarks.gain_table import gain_page

    page = Path(__file__).parents[1] / "docs" / "gain.md"
    assert page.read_text(encoding="utf-8") == gain_page(), "run python -m benchmarks.readme"


def test_documents_are_those_of_the_committed_results(tmp_path):
    from benchmarks.fidelity.readme import write_page
    from benchmarks.performance import write_pages
    from benchmarks.readme import SECURITY, updated_security

    root = Path(__file__).parents[1]
    text = SECURITY.read_text(encoding="utf-8")
    assert updated_security(text) == text, "run python -m benchmarks.readme"
    write_page(tmp_path)
    write_pages(docs=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    for path in tmp_path.iterdir():
        assert (root / "docs" / path.name).read_bytes() == path.read_bytes(), "run python -m benchmarks.readme"
