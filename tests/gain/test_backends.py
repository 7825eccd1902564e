"""Reports and tuned shares have the same numbers on every backend of joblib, and send each fold's data once."""

from __future__ import annotations

import pickle
import warnings
from contextlib import nullcontext

import joblib
import numpy as np
import pandas as pd
import pytest
from gain_samplers import Bootstrap, report_of, tuned
from joblib._parallel_backends import MultiprocessingBackend, ThreadingBackend
from sklearn.naive_bayes import GaussianNB
from small import quick_augmenter

from benchmarks.engines import ENGINES
from ganaug import DataWarning, GaussianCopula, ParameterError, TunedAugmenterCV
from ganaug.gain import inner_splits, runs
from ganaug.gain.runs import keep_off_gpu
from ganaug.jobs import run_jobs


class WithoutStreams(ThreadingBackend):
    """Gives all results at the end, as those of Ray and Spark do."""

    supports_return_generator = False


class OfAKind(WithoutStreams, MultiprocessingBackend):
    """Is a kind of joblib's "multiprocessing" that does not fork, as that of Ray is."""


joblib.register_parallel_backend("without streams", WithoutStreams)
joblib.register_parallel_backend("of a kind", OfAKind)


SHARES = (0, 0.2, 0.5)


def rows(n=60, seed=0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    return pd.DataFrame({"a": rng.normal(size=n) + y, "b": rng.integers(0, 9, n)}), y


def report(n_jobs=None, cv=3):
    done = report_of(GaussianCopula(), *rows(), classifier=GaussianNB(), cv=cv, n_jobs=n_jobs, fidelity=True)
    return done.to_dict()


def without_time(found):
    return {key: value for key, value in found.items() if key != "design"}


def test_a_backend_that_has_no_streams_gives_its_results_at_the_end():
    with joblib.parallel_config("without streams"):
        assert list(run_jobs((joblib.delayed(abs)(-i) for i in range(5)), 2)) == [0, 1, 2, 3, 4]


def test_the_backend_that_forks_is_refused_before_it_hangs():
    with joblib.parallel_config("multiprocessing"):
        with pytest.raises(ParameterError, match=r"'multiprocessing' of joblib is not taken.*Use 'loky', joblib's"):
            list(run_jobs([joblib.delayed(abs)(-1)], 2))
        assert list(run_jobs([joblib.delayed(abs)(-1)], 1)) == [1], "one job needs no process"


BACKENDS = ["threading", pytest.param("loky", marks=pytest.mark.slow), "without streams", "of a kind"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_report_has_the_same_numbers_on_every_backend(backend):
    with joblib.parallel_config(backend, n_jobs=2):
        found = report()
    assert without_time(found) == without_time(report())


def test_so_it_has_with_more_jobs_than_folds():
    with joblib.parallel_config("threading"):
        assert without_time(report(n_jobs=5, cv=2)) == without_time(report(cv=2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_so_has_the_choice_of_a_share(backend):
    model = tuned(Bootstrap(), n_jobs=2)
    with joblib.parallel_config(backend):
        found = model.fit(*rows()).scores_
    pd.testing.assert_frame_equal(found, tuned(Bootstrap()).fit(*rows()).scores_, check_exact=True)


def test_data_of_a_fold_go_to_a_worker_once_and_scores_alone_come_back(monkeypatch):
    sent, back = [], []

    def measured(jobs, n_jobs):
        for call, given, options in jobs:
            sent.append(len(pickle.dumps((given, options))))
            result = call(*given, **options)
            back.append(len(pickle.dumps(result)))
            yield result

    monkeypatch.setattr(runs, "run_jobs", measured)
    X, y = rows(4000)
    report_of(Bootstrap(), X, y, classifier=GaussianNB(), cv=3, metrics="roc_auc")
    frame = len(pickle.dumps((X, y)))
    assert len(sent) == 3 and sum(sent) < 2.2 * 3 * frame  # labels as they are, and plain
    assert sum(back) < 0.7 * frame  # scores, and the probabilities of test rows


@pytest.mark.parametrize(
    ("n_jobs", "cv", "n_pieces"), [(2, 3, 3), (5, 2, 2 + 2 * len(SHARES)), (2, None, 1 + len(SHARES))]
)
def test_splits_are_the_pieces_of_a_choice_and_candidates_only_for_more_workers(monkeypatch, n_jobs, cv, n_pieces):
    calls = []

    def counted(jobs, n_jobs):
        for call, given, options in jobs:
            calls.append(call)
            yield call(*given, **options)

    options = {"fractions": SHARES, "balance": False, "cv": cv}
    alone = tuned(Bootstrap(), **options).fit(*rows())
    monkeypatch.setattr(inner_splits, "run_jobs", counted)
    found = tuned(Bootstrap(), n_jobs=n_jobs, **options).fit(*rows())
    assert len(calls) == n_pieces
    pd.testing.assert_frame_equal(found.scores_, alone.scores_, check_exact=True)
    assert found.share_ == alone.share_


@pytest.mark.parametrize("there", [False, True], ids=["no GPU", "a GPU"])
def test_several_jobs_do_not_share_a_gpu_unasked(monkeypatch, there):
    monkeypatch.setattr(runs.torch.cuda, "is_available", lambda: there)
    augmenter = quick_augmenter(device="auto")
    said_so = pytest.warns(DataWarning, match="Several jobs would train on one GPU.*device='cuda'")
    with said_so if there else nullcontext():
        for made, name in [
            (keep_off_gpu(augmenter), "device"),
            (keep_off_gpu(TunedAugmenterCV(augmenter)), "augmenter__device"),
        ]:
            assert made.get_params()[name] == "cpu"
    assert augmenter.device == "auto"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for said in (quick_augmenter(device="cuda"), GaussianCopula(), object()):
            assert keep_off_gpu(said) is said


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["dask", "ray", "spark"])
def test_every_cluster_gives_the_same_numbers_and_files(engine, tmp_path):
    for package in {"dask": ["dask.distributed"], "spark": ["joblibspark", "pyspark"]}.get(engine, [engine]):
        pytest.importorskip(package)
    augmenter = quick_augmenter().fit(*rows())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with ENGINES[engine]():
            found = report(n_jobs=2)
            scores = tuned(Bootstrap(), n_jobs=2).fit(*rows()).scores_
            augmenter.write_samples(tmp_path / "two", 5000, shard_rows=1000, n_jobs=2)
    assert without_time(found) == without_time(report())
    pd.testing.assert_frame_equal(scores, tuned(Bootstrap()).fit(*rows()).scores_, check_exact=True)
    augmenter.write_samples(tmp_path / "one", 5000, shard_rows=1000)
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert files[0] == files[1]
