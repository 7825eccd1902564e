"""What is installed is every source file, under the names ``ganaug`` and ``ganaug_cli`` and no other."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it where Python has none

ROOT = Path(__file__).parents[1]
FOLDERS = {"ganaug": "ganaug", "ganaug_cli": "cli"}  # package -> where its sources lie


def settings():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages_in_tree(root=ROOT):
    """The dotted name of every folder that holds source files."""
    for package, folder in FOLDERS.items():
        for parent in {path.parent for path in (root / folder).rglob("*.py")}:
            yield ".".join([package, *parent.relative_to(root / folder).parts])


def test_every_folder_of_sources_is_a_listed_package():
    listed = settings()["tool"]["setuptools"]
    assert sorted(listed["packages"]) == sorted(packages_in_tree())
    assert listed["package-dir"] == FOLDERS


def test_a_forgotten_folder_is_noticed(tmp_path):
    shutil.copytree(ROOT / "ganaug", tmp_path / "ganaug", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "ganaug" / "audio").mkdir()
    (tmp_path / "ganaug" / "audio" / "encoder.py").touch()
    assert set(packages_in_tree(tmp_path)) - set(packages_in_tree()) == {"ganaug.audio"}


def test_every_folder_of_sources_is_a_regular_package():
    folders = {path.parent for folder in FOLDERS.values() for path in (ROOT / folder).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_types_are_shipped():
    assert (ROOT / "ganaug" / "py.typed").is_file()
    assert "py.typed" in settings()["tool"]["setuptools"]["package-data"]["ganaug"]


def test_nothing_installs_under_a_common_name(tmp_path):
    # Elsewhere than in the repository: there, any folder can be imported.
    code = """
import importlib.util as util
for name in ("ganaug", "ganaug_cli", "cli", "tests", "benchmarks"):
    spec = util.find_spec(name)
    print(name, *((spec.submodule_search_locations or [spec.origin]) if spec else []), sep="\\t")
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    found = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    assert {"ganaug", "ganaug_cli"} <= set(found)
    assert not [name for name, place in found.items() if name not in FOLDERS and str(ROOT) in place]


def test_the_folder_cli_says_its_real_name():
    command = [sys.executable, "-c", "import cli"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "ImportError: import 'ganaug_cli'" in done.stderr


@pytest.mark.skipif(
    importlib.util.find_spec("setuptools") is None or importlib.util.find_spec("pip") is None,
    reason="building without a network needs pip and setuptools here",
)
def test_the_wheel_holds_every_source_file_and_nothing_else(tmp_path):
    source = tmp_path / "source"  # a copy: building writes next to the sources
    for folder in FOLDERS.values():
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", tmp_path, source], check=True, capture_output=True)

    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    expected = {
        f"{package}/{path.relative_to(ROOT / folder).as_posix()}"
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == expected
    assert "ganaug/py.typed" in names
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == set(FOLDERS)
