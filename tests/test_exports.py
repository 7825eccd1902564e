"""The public names are those promised, all described, and importing them drags in nothing heavy unasked."""

from __future__ import annotations
import __future__

import ast
import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ganaug

# The whole public surface; a name joins or leaves it here as well as in the package, on purpose.
PUBLIC = [
    "CollapseWarning",
    "CrossFittedTeacher",
    "DataError",
    "DataWarning",
    "DistilledClassifier",
    "ExpectedGain",
    "GANAugmenter",
    "GainReport",
    "GanaugError",
    "GaussianCopula",
    "ImageClassifier",
    "Loss",
    "MixedDataset",
    "ModelFileError",
    "ParameterError",
    "PriorCorrectedClassifier",
    "SwapNoise",
    "SyntheticMix",
    "TrainingError",
    "TunedAugmenterCV",
    "augment_image_folder",
    "augment_loader",
    "expected_gain",
    "gain_report",
    "is_image_file",
    "join_label",
    "list_image_folder",
    "read_image_folder",
    "read_table",
    "write_image_folder",
    "write_table",
]
SUBMODULES = {"losses", "messages", "metrics", "plots"}


def run_python(code, folder):
    """Run `code` in a fresh interpreter in `folder` and return what it printed."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_name_of_ours(name):
    value = getattr(ganaug, name)
    return not name.startswith("_") and not isinstance(value, ModuleType | __future__._Feature)


def test_all_is_sorted_and_is_what_is_promised():
    assert sorted(ganaug.__all__) == list(ganaug.__all__)
    assert [name for name in ganaug.__all__ if name != "__version__"] == PUBLIC


def test_no_public_name_is_missing_from_all():
    assert {name for name in dir(ganaug) if is_name_of_ours(name)} <= set(ganaug.__all__)
    reachable = {name for name in vars(ganaug) if is_name_of_ours(name)}
    assert reachable <= {*ganaug.__all__, "TYPE_CHECKING"}


def test_dir_shows_the_public_names_and_nothing_else():
    shown = {name for name in dir(ganaug) if not name.startswith("__")}
    assert shown == {*PUBLIC, *SUBMODULES}
    assert {name for name in SUBMODULES if isinstance(getattr(ganaug, name), ModuleType)} == SUBMODULES


def test_lazy_names_are_those_that_type_checkers_see():
    tree = ast.parse(Path(ganaug.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert {alias.name: node.module for node in imports for alias in node.names} == ganaug._MODULE_OF
    assert sorted(ganaug._MODULE_OF) == PUBLIC


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ganaug' has no attribute 'GanAugmenter'"):
        _ = ganaug.GanAugmenter


def test_the_version_is_that_of_the_installed_package():
    assert ganaug.__version__ == importlib.metadata.version("ganaug")


def test_a_kind_of_data_of_ones_own_can_be_imported_from_its_module():
    assert importlib.import_module("ganaug.modality").Modality.__module__ == "ganaug.modality"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_described_where_it_is_defined(name):
    value = getattr(ganaug, name)
    assert value.__module__.split(".")[0] == "ganaug"
    inherited = {base.__doc__ for base in getattr(value, "__mro__", ())[1:]}
    assert value.__doc__ and value.__doc__ not in inherited


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("DataError", ValueError),
        ("ParameterError", ValueError),
        ("TrainingError", RuntimeError),
        ("ModelFileError", Exception),
    ],
)
def test_errors_can_be_caught_as_promised(name, parent):
    assert issubclass(getattr(ganaug, name), ganaug.GanaugError)
    assert issubclass(getattr(ganaug, name), parent)


def test_import_is_light(tmp_path):
    heavy = {"torch", "numpy", "pandas", "sklearn", "scipy", "imblearn", "pyarrow", "rich", "joblib"}
    code = f"import sys, ganaug; ganaug.DataError; print(*sorted({heavy!r} & set(sys.modules)))"
    assert run_python(code, tmp_path).split() == []


def test_import_needs_nothing_that_only_images_or_pages_need(tmp_path):
    heavy = {"torchvision", "matplotlib", "PIL", "tensorboard"}
    code = f"import sys; from ganaug import *; print(*sorted({heavy!r} & set(sys.modules)))"
    assert run_python(code, tmp_path).split() == []


def test_help_is_shown_without_importing_what_works(tmp_path):
    heavy = {"torch", "torchvision", "pandas", "sklearn", "scipy", "imblearn", "matplotlib"}
    code = f"""
import sys
sys.argv = ["ganaug", "--help"]
from ganaug_cli.main import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print("IMPORTED", *sorted({heavy!r} & set(sys.modules)))
"""
    printed = run_python(code, tmp_path)
    assert "Usage:" in printed and "train" in printed
    assert printed.splitlines()[-1].split() == ["IMPORTED"]
