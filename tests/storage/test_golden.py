"""Model files of every format that was ever released still load, and give what they gave."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from mutations import join, split

from ganaug import GANAugmenter, ModelFileError
from ganaug.storage import FORMAT_VERSION
from ganaug_cli.main import cli

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = sorted(GOLDEN.glob("*.safetensors"))
expectation = runpy.run_path(str(GOLDEN / "make.py"))["expectation"]


def close(found, expected):
    """Whether figures agree as far as two machines do."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(close(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    return found == pytest.approx(expected, rel=0.1, abs=5) if isinstance(expected, float) else found == expected


def test_every_format_has_its_files():
    wanted = {f"{kind}_{number}" for kind in ("image", "table") for number in range(1, FORMAT_VERSION + 1)}
    assert {path.stem for path in FILES} == wanted


@pytest.mark.promise("golden")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_file_gives_what_it_gave(path):
    found = expectation(GANAugmenter.load(path))
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    texts = ("object", "str", "string")  # what pandas calls text has changed, and may do so again
    for described in (found, expected):
        described["dtypes"] = {k: "text" if v in texts else v for k, v in described.get("dtypes", {}).items()}
    cities = found.pop("cities", {}), expected.pop("cities", {})
    assert close(found, expected)
    assert cities[0].keys() == cities[1].keys()
    assert all(abs(cities[0][name] - cities[1][name]) <= 20 for name in cities[1])


@pytest.mark.promise("golden")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_same_file_of_a_newer_format_is_refused_with_the_cure(path, tmp_path):
    header, data = split(path.read_bytes())
    text = header.decode()
    number = path.stem.rpartition("_")[2]
    newer = text.replace(f'\\"format_version\\":{number}', f'\\"format_version\\":{FORMAT_VERSION + 1}')
    assert newer != text
    (tmp_path / "new").write_bytes(join(newer.encode(), data))
    with pytest.raises(ModelFileError, match=r"upgrade ganaug\.$"):
        GANAugmenter.load(tmp_path / "new")


@pytest.mark.promise("golden")
def test_commands_work_with_a_golden_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(GOLDEN / "table_1.safetensors", "old.safetensors")
    for line in ("inspect old.safetensors", "sample old.safetensors -n 5 -o new.csv"):
        result = CliRunner().invoke(cli, line.split())
        assert result.exit_code == 0, result.output
    assert len(Path("new.csv").read_text(encoding="utf-8").splitlines()) == 6
