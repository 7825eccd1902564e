"""Results of the growth benchmark, made up."""

from __future__ import annotations

import json

from benchmarks.growth.cases import ENCODING, FIT, Case


def result(seconds=2.0, **more):
    usual = {"frame_mib": 4.0, "fit_seconds": seconds, "fit_cpu_seconds": seconds, "others_cpu_seconds": 0.0}
    usual |= {"memory_above_mib": 6.0, "steps": 1500, "sample_seconds": 1.0, "rows_per_second": 5000.0}
    return usual | {"warnings": [], "machine": {"processors": 2}} | more


def entry(rows, columns, work=FIT, version="1", **more):
    return {"key": Case(rows, columns, work, 100).make_key({"ganaug": version}), "result": result(**more)}


def whole_run(**more):
    sizes = [(1000, 20), (5000, 20), (1000, 10), (1000, 50)]
    return [entry(*size, work, **more) for size in sizes for work in (ENCODING, FIT)]


def results_folder(folder):
    (folder / "growth").mkdir(parents=True)
    (folder / "growth" / "a.json").write_text(json.dumps({"cases": whole_run()}))
    return folder
