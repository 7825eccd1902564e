"""The soak counts what it tries, keeps what is done, and shows every promise; documents promise no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import promises
import pytest
from promises import PROMISES, Ledger, rows_of

ROOT = Path(__file__).parent.parent


def report(nodeid="a.py::test_a", promise="mutated", outcome="passed", when="call", **properties):
    listed = [("promise", promise)] if promise else []
    listed += [("counts", True)] if "attempts" in properties else []
    listed += [("attempts", n) for n in properties.pop("attempts", [])]
    listed += [("finding", text) for text in properties.pop("findings", [])]
    flags = {name: outcome == name for name in ("passed", "failed", "skipped")}
    return SimpleNamespace(nodeid=nodeid, user_properties=listed, when=when, duration=60.0, **flags)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(promises, "LEDGER", tmp_path / "build" / "soak.json")
    return Ledger()


def test_every_promise_is_tried_by_a_test():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tried = set(re.findall(r'promise\("([^"]+)"\)', text))
    assert tried == set(PROMISES)


def test_attempts_are_counted_and_a_test_without_any_is_one(ledger):
    ledger.pytest_runtest_logreport(report(attempts=[1, 5]))
    ledger.pytest_runtest_logreport(report("a.py::test_b", findings=["slowest 0.2 s"]))
    ledger.pytest_runtest_logreport(report("a.py::test_c", outcome="failed", attempts=[]))
    (line,) = list(rows_of(ledger.outcomes.values()))[2:]
    assert line == f"| {PROMISES['mutated']} | 7 | 1 | 3.0 | slowest 0.2 s |"


@pytest.mark.parametrize(
    "other", [report(promise=None), report(when="setup"), report(when="teardown"), report(outcome="skipped")]
)
def test_what_is_no_attempt_is_not_counted(ledger, other):
    ledger.pytest_runtest_logreport(other)
    assert ledger.outcomes == {}


def test_a_failure_before_the_test_is_a_failure(ledger):
    ledger.pytest_runtest_logreport(report(when="setup", outcome="failed"))
    assert [outcome["failed"] for outcome in ledger.outcomes.values()] == [1]


def test_what_passed_is_known_to_the_next_run(ledger):
    ledger.pytest_runtest_logreport(report("a.py::test_a"))
    ledger.pytest_runtest_logreport(report("a.py::test_b", outcome="failed"))
    assert list(Ledger().outcomes) == ["a.py::test_a"]


@pytest.fixture
def repository(ledger, tmp_path, monkeypatch):
    """Two tests: what one names runs a module of its own."""
    forget()
    monkeypatch.setattr(promises, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    for name, text in {
        "conftest": "",
        "test_a": "",
        "test_b": 'run_module("killing")',
        "killing": "import small",
        "small": "",
    }.items():
        (tmp_path / "tests" / f"{name}.py").write_text(text)
    for name in "ab":
        ledger.pytest_runtest_logreport(report(f"tests/test_{name}.py::test_x[1::2]"))
    yield tmp_path / "tests"
    forget()


def forget():
    """Files do not change during a soak, but between two they do."""
    promises._product.cache_clear()
    promises._helpers.cache_clear()


@pytest.mark.parametrize(
    ("changed", "known"),
    [("test_a", "b"), ("test_b", "a"), ("small", "a"), ("killing", "a"), ("conftest", ""), ("other", "ab")],
)
def test_what_depends_on_a_changed_file_is_tried_again(repository, changed, known):
    (repository / f"{changed}.py").write_text("changed = True")
    forget()
    assert list(Ledger().outcomes) == [f"tests/test_{name}.py::test_x[1::2]" for name in known]


@pytest.mark.parametrize("room", ["ganaug", "cli"])
def test_all_is_tried_again_with_a_changed_library_or_command(repository, room):
    (repository.parent / room).mkdir()
    (repository.parent / room / "layers.py").write_text("changed = True")
    forget()
    assert Ledger().outcomes == {}


def test_a_ledger_that_cannot_be_read_is_begun_again(ledger):
    promises.LEDGER.parent.mkdir()
    promises.LEDGER.write_text("{half")
    assert Ledger().outcomes == {}
    ledger.pytest_runtest_logreport(report())
    assert json.loads(promises.LEDGER.read_text())


def test_promises_come_in_their_order():
    made = {name: {"promise": name, "attempts": 1, "failed": 0, "seconds": 1, "findings": []} for name in PROMISES}
    lines = list(rows_of(reversed(made.values())))[2:]
    assert [line.split(" | ")[0][2:] for line in lines] == list(PROMISES.values())


def test_documents_promise_no_more_than_they_should():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
    texts = {str(path.relative_to(ROOT)): " ".join(path.read_text(encoding="utf-8").split()) for path in documents}
    assert {"README.md", "SECURITY.md"} <= texts.keys()
    for name, text in texts.items():
        assert not re.search(r"\banonymous\b|\banonymi[sz]e", text, re.IGNORECASE), name
    assert "gives no differential privacy" in texts["SECURITY.md"]
    assert "does not promise" in texts["README.md"] and "**Privacy.**" in texts["README.md"]
