"""Model files with a sound checksum that say what no ganaug ever wrote: what a stranger could send.

Run as ``python forging.py MODEL SEED TRIES`` it forges so many files from MODEL, loads each and samples from what
loads, under limits of memory and time, and prints one JSON: how many were refused, how many loaded, and every attempt
that ended in something else than samples or an error of ganaug.
"""

from __future__ import annotations

import copy
import json
import random
import signal
import sys
import traceback
import warnings
from pathlib import Path

import torch
from click.testing import CliRunner
from safetensors import safe_open

from ganaug import GANAugmenter
from ganaug.augmenter.model import _make_expect
from ganaug.augmenter.options import MODALITIES
from ganaug.errors import GanaugError
from ganaug.storage import write_model
from ganaug_cli.main import cli

MEGABYTES = 400  # beyond what the process takes without any forged file, and
TIMES = 20  # the size of the file: wide networks take much memory, whoever made them
SECONDS = 10  # of CPU: a machine that stands still is no fault of a file

HOSTILE = [
    *(None, True, False, 0, 1, -1, 2, 7, 63, 255, 10_000, 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 10**30),
    *(0.0, -0.0, 0.5, -1.5, 1e-320, 1e308, -1e308),
    *("", "0", "-1", "x", "a\0b", "../../x", "%s{0}", "9" * 400, "\ud83d\ude00", "x" * 10_000),
    *("object", "str", "int64", "float16", "<U1000000000", "S1000000000", "complex128", "V8", "category", "sparse"),
    *("datetime64[ns]", "datetime64[ns, Nowhere/Land]", "M8[as]", "string[pyarrow]", "list<item: int64>[pyarrow]"),
    *("table", "image", "numeric", "ordered", "identifier", "constant", "determined", "datetime", "boolean"),
    *("series", "array", "frame", "indicator", "list", "density_ratio", "marginals", "label_agreement"),
    *([], {}, [[]], [None], [0, 0], [1, -1], ["a", 1, None], {"kind": "category"}, {"dtype": "object"}),
]


def places(value, path=()):
    """Yield the path of every value in some JSON, the whole included."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def edit(facts, chance):
    """Change one thing anywhere in the facts."""
    path = chance.choice([place for place in places(facts) if place])
    parent, key = at(facts, path[:-1]), path[-1]
    old, others = parent[key], [place for place in places(facts) if place]

    def numbers(change):
        parent[key] = change(old) if isinstance(old, int | float) and not isinstance(old, bool) else HOSTILE[4]

    edits = [
        lambda: parent.__setitem__(key, copy.deepcopy(chance.choice(HOSTILE))),
        lambda: parent.__setitem__(key, copy.deepcopy(at(facts, chance.choice(others)))),
        lambda: parent.pop(key),
        lambda: numbers(lambda n: -n),
        lambda: numbers(lambda n: n + chance.choice([-1, 1])),
        lambda: numbers(lambda n: n * chance.choice([2, 1000, 10**9])),
        lambda: old.reverse() if isinstance(old, list) else parent.__setitem__(key, [old]),
        lambda: old.extend(copy.deepcopy(old)) if isinstance(old, list) else parent.__setitem__(key, {"kind": old}),
        lambda: old.clear() if isinstance(old, list | dict) else parent.__setitem__(key, str(old)),
    ]
    chance.choice(edits)()


def spoil(tensors, chance):
    """Change the numbers of one tensor."""
    name = chance.choice(sorted(tensors))
    tensor = tensors[name] = tensors[name].clone()
    low, high = (
        (torch.iinfo(tensor.dtype).min, torch.iinfo(tensor.dtype).max)
        if not tensor.is_floating_point() and tensor.dtype != torch.bool
        else (-torch.inf, torch.nan)
    )
    if tensor.dtype != torch.bool and tensor.numel():
        tensor.view(-1)[chance.randrange(tensor.numel())] = chance.choice([low, high, 0])
        if chance.random() < 0.5:
            tensor.fill_(chance.choice([low, high]))


def fitted(tensors, metadata, chance):
    """Return tensors of the shapes that the metadata imply, where that can be known and is not too much."""
    try:
        specs = _make_expect("forged", MODALITIES, [])(metadata)
    except Exception:
        return tensors
    made = {}
    for name, spec in specs.items():
        old = tensors.get(name)
        if old is not None and (old.dtype, tuple(old.shape)) == spec:
            made[name] = old
            continue
        if any(side < 0 or side > 10**6 for side in spec.shape) or torch.Size(spec.shape).numel() > 10**7:
            return tensors
        random_numbers = torch.Generator().manual_seed(chance.randrange(2**32))
        made[name] = torch.rand(spec.shape, generator=random_numbers).mul(3).to(spec.dtype)
    return made


def forge(tensors, metadata, chance, path):
    """Write one forged file, its checksum sound; say whether that was possible."""
    tensors, metadata = dict(tensors), copy.deepcopy(metadata)
    for _ in range(chance.choice([1, 1, 2, 4])):
        if chance.random() < 0.15:
            spoil(tensors, chance)
        else:
            edit(metadata, chance)
    try:
        write_model(path, fitted(tensors, metadata, chance) if chance.random() < 0.7 else tensors, metadata)
    except (TypeError, ValueError, GanaugError):
        return False
    return True


def use(path):
    """Load a model and draw from it; return what became of that."""
    shown = CliRunner().invoke(cli, ["inspect", str(path)])
    assert "ganaug: unexpected" not in shown.stderr, shown.stderr
    try:
        augmenter = GANAugmenter.load(path)
    except GanaugError:
        return "refused"
    try:
        augmenter.sample(20)
        augmenter.sample({augmenter.classes_[0]: 3})
    except GanaugError:
        return "sentence"
    return "samples"


class TooLong(BaseException):
    """Nothing that turns exceptions into sentences may catch this one."""


def too_long(_, frame):
    raise TooLong(f"more than {SECONDS} s of CPU, in {''.join(traceback.format_stack(frame, 3))}")


def parts(path):
    """Return tensors and metadata of a sound model."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = json.loads(file.metadata()["ganaug"])
    own = {"sha256", "format_version", "ganaug_version"}  # which `write_model` adds
    return tensors, {key: value for key, value in metadata.items() if key not in own}


def main(model, seed, tries):
    import resource  # which Windows does not have

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    signal.signal(signal.SIGPROF, too_long)
    path, sound = Path(model).with_name("forged.safetensors"), parts(model)
    assert use(model) == "samples"
    status = Path("/proc/self/status").read_text().splitlines()
    taken = int(next(line for line in status if line.startswith("VmSize")).split()[1])
    counts, surprises = {"refused": 0, "sentence": 0, "samples": 0, "not written": 0}, []
    for number in range(tries):
        chance = random.Random(f"{seed} {number}")
        if not forge(*sound, chance, path):
            counts["not written"] += 1
            continue
        print(number, file=sys.stderr, flush=True)  # who reads this after a crash knows which file it was
        most = taken * 1024 + MEGABYTES * 2**20 + TIMES * path.stat().st_size
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            counts[use(path)] += 1
        except BaseException as error:
            place = error.__traceback__
            while place.tb_next:
                place = place.tb_next
            where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
            surprises.append(f"seed {seed}, file {number}: {type(error).__name__}: {str(error)[:500]} at {where}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    print(json.dumps({"counts": counts, "surprises": surprises}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
