"""The README is true: its Python runs, its commands exist."""

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
