"""Every import points up the list of layers, so each room can be read without those that use it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from benchmarks.structure import list_code_lines

ROOT = Path(__file__).parents[1]
MAX_LINES = 250  # of code: docstrings, comments and blank lines are free

# A room may import only from rows above its own; two rooms of one row never see each other.
LAYERS = [
    {"errors"},
    {"messages"},
    {"params", "records", "rng", "threads", "progress", "screening"},
    {"jobs"},
    {"modality", "losses", "layers"},
    {"data"},
    {"files", "metrics"},
    {"plots"},
    {"storage"},
    {"table", "image"},
    {"training", "filters"},
    {"augmenter"},
    {"mixing", "gain"},
    {"__init__"},
    {"cli", "benchmarks"},
]
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
PUBLIC = {"__init__", "messages", "metrics", "plots"}
USERS = LAYERS[-1]  # they see what a user of ganaug sees: `from ganaug import ...`
INSIDE = {
    "benchmarks/gpu/inside.py",  # takes single steps of a training
    "benchmarks/trials/designs.py",  # replaces parts of the generator
}


def source_files(root):
    return sorted(path for top in ("ganaug", *USERS) for path in (root / top).rglob("*.py"))


def room_of(path, root):
    """'table' for ganaug/table/encoder.py, 'errors' for ganaug/errors.py, 'cli' for cli/main.py."""
    parts = path.relative_to(root).with_suffix("").parts
    return parts[1] if parts[0] == "ganaug" else parts[0]


def imported_modules(path, root):
    """The dotted names that a file imports, wherever in it; ``from a import b`` gives ``a.b``."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def room_imported(module, root):
    """The room that a dotted name lies in, or None for what is not ours."""
    top, *rest = module.split(".")
    if top != "ganaug":
        return {"ganaug_cli": "cli"}.get(top, top if top in USERS else None)
    if not rest:
        return "__init__"
    place = root / "ganaug" / rest[0]
    is_room = len(rest) > 1 or rest[0] in RANK or place.is_dir() or place.with_suffix(".py").is_file()
    return rest[0] if is_room else "__init__"


def breach(room, other):
    """Why `room` must not import `other`, or None."""
    if other in (room, None):
        return None
    if other not in RANK:
        return f"imports the room '{other}', which has no layer"
    if room in USERS and other not in PUBLIC:
        return f"may use only `from ganaug import ...`, not '{other}'"
    if RANK[other] >= RANK[room]:
        return f"'{room}' (layer {RANK[room]}) must not import '{other}' (layer {RANK[other]})"
    return None


def breaches(root):
    """Every breach of the layers and of the length of modules under `root`, one sentence each."""
    for path in source_files(root):
        name, room = path.relative_to(root).as_posix(), room_of(path, root)
        if room not in RANK:
            yield f"{name}: the room '{room}' has no layer; add it to LAYERS"
            continue
        length = len(list_code_lines(path.read_text(encoding="utf-8")))
        if length > MAX_LINES:
            yield f"{name}: {length} lines of code, more than {MAX_LINES}; split it"
        for module in () if name in INSIDE else imported_modules(path, root):
            if reason := breach(room, room_imported(module, root)):
                yield f"{name}: {reason}"


def test_imports_point_up_the_list():
    assert list(breaches(ROOT)) == []


def test_what_may_look_inside_is_there_and_does():
    for name in INSIDE:
        rooms = {room_imported(module, ROOT) for module in imported_modules(ROOT / name, ROOT)}
        assert rooms - PUBLIC - {"benchmarks", None}, name


def test_there_is_something_to_look_at():
    rooms = {room_of(path, ROOT) for path in source_files(ROOT)}
    assert rooms >= {"__init__", "errors", "rng", "table", "cli"}


SOUND = {
    "ganaug/__init__.py": "from .augmenter import GANAugmenter\nfrom .errors import DataError\n",
    "ganaug/errors.py": "import numpy as np\n",
    "ganaug/augmenter.py": "from .table import TABLE\nfrom .training import train_gan\n",
    "ganaug/training.py": "from . import rng\nfrom .errors import DataError\n",
    "ganaug/rng.py": "from .errors import DataError\n",
    "ganaug/table/__init__.py": "from .encoder import Encoder\n",
    "ganaug/table/encoder.py": "from ..errors import DataError\nfrom . import schema\nfrom .a import A\n",
    "ganaug/table/schema.py": "import ganaug.errors\n",
    "cli/main.py": "import ganaug\nfrom ganaug import GANAugmenter, DataError\nfrom .files import read\n",
    "cli/files.py": "def read():\n    from ganaug import read_table\n    from ganaug.messages import suggest\n",
    "benchmarks/run.py": "from ganaug import gain_report\nfrom ganaug.metrics import near_copy_share\n",
}


def planted(folder):
    for name, text in SOUND.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_sound_tree_has_no_breach(tmp_path):
    assert list(breaches(planted(tmp_path))) == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("ganaug/errors.py", "from .rng import new_seed", r"'errors' \(layer 0\) must not import 'rng'"),
        ("ganaug/rng.py", "from . import augmenter", "must not import 'augmenter'"),
        ("ganaug/rng.py", "def f():\n    import ganaug.training", "must not import 'training'"),
        ("ganaug/rng.py", "if TYPE_CHECKING:\n    from ganaug import X", "must not import '__init__'"),
        ("ganaug/rng.py", "import ganaug", "must not import '__init__'"),
        ("ganaug/rng.py", "from . import GANAugmenter", "must not import '__init__'"),
        ("ganaug/table/encoder.py", "from ..image import IMAGE", "'table' .* must not import 'image'"),
        ("ganaug/table/encoder.py", "from .. import training", "must not import 'training'"),
        ("ganaug/training.py", "from .filters import draw", "must not import 'filters'"),
        ("ganaug/augmenter.py", "from ganaug_cli.main import main", "must not import 'cli'"),
        ("cli/main.py", "from ganaug.training import train_gan", "may use only .* not 'training'"),
        ("cli/main.py", "from ganaug import training", "may use only .* not 'training'"),
        ("cli/main.py", "import ganaug.table.encoder", "may use only .* not 'table'"),
        ("cli/main.py", "from benchmarks import run", "may use only .* not 'benchmarks'"),
        ("benchmarks/run.py", "from ganaug_cli.main import main", "may use only .* not 'cli'"),
        ("ganaug/audio.py", "", r"ganaug/audio.py: the room 'audio' has no layer"),
        ("ganaug/audio/encoder.py", "", r"ganaug/audio/encoder.py: the room 'audio' has no layer"),
        ("cli/main.py", "from ganaug.audio import AUDIO", "the room 'audio', which has no layer"),
        ("ganaug/rng.py", "x = 1\n" * 251, "251 lines of code, more than 250"),
    ],
)
def test_a_planted_breach_is_found(tmp_path, name, text, complaint):
    path = planted(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    found = list(breaches(tmp_path))
    assert len(found) == 1
    assert re.search(complaint, found[0])
