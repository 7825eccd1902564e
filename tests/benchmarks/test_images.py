"""The image benchmark: what is learned from what, equal work for every arm, and no test image that decides anything."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.gain_images import arms as image_arms
from benchmarks.gain_images import command as gain_images
from benchmarks.gain_images import data as image_data
from benchmarks.gain_images import gan as image_gan
from benchmarks.gain_images import summary as image_summary
from benchmarks.gain_images.arms import ARMS, CLASSIC, DEFAULT_ARMS, Settings, Trial, run_arm
from benchmarks.gain_images.cases import SUITE, ImageCase, ImageSplit, list_cuts, split_images
from benchmarks.gain_images.data import ImageSet, load_images
from benchmarks.gain_images.learner import (
    BATCH,
    CHANGES,
    Classifier,
    Ensemble,
    Images,
    Policy,
    Pool,
    compute_class_weights,
    compute_scores,
    fit_classifier,
    iterate_batches,
    oversample_rows,
    soften_targets,
)
from benchmarks.shared import ledger
from benchmarks.shared.cases import ExcludedError
from benchmarks.shared.command import THREADS
from benchmarks.shared.ledger import read_results
from benchmarks.shared.protocol import BenchmarkError

SIDE = 8
OPTIONS = {"max_steps": 4, "batch_size": 16, "width": 8, "filters": None}


def shapes(counts, seed=0, side=SIDE):
    """Noisy grey images whose class is where they are bright; every image is another."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.integers(0, 90, (len(y), side, side))
    for image, code in zip(X, y, strict=True):
        image[:, 2 * code : 2 * code + 2] += 120
    return X.astype(np.uint8), y


def image_set(counts=(20, 20, 20), group=None, test=None, name="shapes"):
    X, y = shapes(counts)
    return ImageSet(name, X, y, tuple("abcdef"[: len(counts)]), "digest", group, test)


def case(cut="5", seed=0, name="shapes"):
    return ImageCase(SUITE, name, cut, seed)


class FakeGan:
    """Draws images that say their label by their brightness."""

    facts = {"fit_seconds": 1.5, "steps": 4, "diversity": 1.0, "source": "s"}  # noqa: RUF012 - never changed

    def draw(self, y, seed):
        return np.repeat(np.repeat(np.uint8(y)[:, None, None], SIDE, 1), SIDE, 2)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """An environment that does not change while the library is edited, and sets that are read anew."""
    for module in (ledger, image_gan):
        monkeypatch.setattr(module, "digest_source", lambda: "source")
    for name in THREADS:
        monkeypatch.setenv(name, "1")
    load_images.cache_clear()


@pytest.fixture
def gans(monkeypatch):
    """The splits that a GAN was asked for, none of which is trained."""
    asked = []

    def fake(split, name, seed, folder, options):
        asked.append((split, name))
        return FakeGan()

    monkeypatch.setattr(image_arms, "load_or_train_gan", fake)
    return asked


@pytest.fixture
def fits(monkeypatch):
    """What classifiers are fitted on, in order, with the real classifier behind it."""
    calls = []

    def recorded(images, policy, seed, steps, pool=None, share=0.0, teacher=None):
        given = {"images": images, "policy": policy, "steps": steps, "pool": pool, "share": share, "teacher": teacher}
        calls.append(given)
        return fit_classifier(images, policy, seed, steps, pool, share, teacher)

    monkeypatch.setattr(image_arms, "fit_classifier", recorded)
    return calls


def trial(tmp_path, counts=(9, 9, 9), steps=3, pool=30, **options):
    X, y = shapes(counts)
    X_test, y_test = shapes([4] * len(counts), seed=1)
    return Trial(
        ImageSplit(X, y, X_test, y_test), "shapes-9-seed0", 0, Settings(steps, pool, tmp_path, OPTIONS), **options
    )


# ---- cases ----


def test_a_cut_has_so_many_images_of_each_class_and_is_tested_on_others():
    images = image_set()
    found = split_images(images, case("5"), 2000)
    assert np.bincount(found.y).tolist() == [5, 5, 5]
    assert np.bincount(found.y_test).tolist() == [10, 10, 10]
    learned = {image.tobytes() for image in found.X}
    assert len(learned) == 15
    assert not learned & {image.tobytes() for image in found.X_test}
    assert learned == {image.tobytes() for image in split_images(images, case("5"), 2000).X}
    assert learned != {image.tobytes() for image in split_images(images, case("5", seed=1), 2000).X}


def test_a_test_part_of_the_set_is_the_same_for_every_seed_and_cut_stratified():
    images = image_set(test=shapes((30, 30, 60), seed=5))
    found = [split_images(images, case("5", seed), 40) for seed in (0, 1)]
    assert np.array_equal(found[0].X_test, found[1].X_test)
    assert np.bincount(found[0].y_test).tolist() == [10, 10, 20]
    assert not np.array_equal(found[0].X, found[1].X)


def test_no_group_is_on_both_sides_and_all_images_are_used():
    group = np.arange(60) // 2
    images = image_set(group=group)
    marked = ImageSet("g", np.arange(60)[:, None, None].astype(np.uint8), images.y, images.labels, "d", group)
    found = split_images(marked, case("all", seed=3), 5)
    learned, tested = (set(part.ravel().tolist()) for part in (found.X, found.X_test))
    assert learned | tested == set(range(60))
    assert not {i // 2 for i in learned} & {i // 2 for i in tested}
    inner = found.split_inner(0)
    assert not {i // 2 for i in inner.X.ravel()} & {i // 2 for i in inner.X_test.ravel()}
    assert set(inner.X.ravel()) | set(inner.X_test.ravel()) == learned


def test_a_set_in_groups_has_one_case_for_each_seed_and_other_sets_one_for_each_size():
    assert list_cuts(image_set(), (10, 20)) == ("10", "20")
    assert list_cuts(image_set(group=np.arange(60)), (10, 20)) == ("all",)
    assert case("all", 2).id == "gain-images/shapes/seed2"
    assert case("20", 2).id == "gain-images/shapes-20/seed2"


def test_small_classes_have_less_than_a_quarter_of_the_largest():
    X, y = shapes((16, 4, 3, 20))
    assert ImageSplit(X, y, X, y).small.tolist() == [1, 2]
    assert len(ImageSplit(X[:16], y[:16], X, y).small) == 0


def test_too_few_images_of_a_class_exclude_the_case():
    with pytest.raises(ExcludedError, match="2 images of 'c' to learn from, fewer than 3"):
        split_images(image_set((20, 20, 4)), case("5"), 2000)


# ---- data ----


def saved(folder, name="shapes", counts=(16, 16, 16), **more):
    X, y = shapes(counts)
    np.savez(folder / f"{name}.npz", **{"images": X, "labels": y, **more})
    return folder


def test_a_file_gives_codes_names_groups_and_a_test_part(tmp_path):
    X, y = shapes((4, 4))
    np.savez(tmp_path / "a.npz", images=X, labels=y * 3 + 1, group=np.arange(8))
    np.savez(tmp_path / "a_test.npz", images=X, labels=[4, 1, 4, 1, 4, 1, 4, 1])
    found = load_images("a", str(tmp_path))
    assert found.labels == ("1", "4")
    assert np.array_equal(found.y, y)
    assert found.test[1].tolist() == [1, 0] * 4
    assert found.group.tolist() == list(range(8))
    saved(tmp_path, "b", class_names=["x", "y", "z"])
    assert load_images("b", str(tmp_path)).labels == ("x", "y", "z")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"images": np.zeros((48, 8, 8))}, "has images of float64, shape (48, 8, 8): uint8 is needed"),
        ({"images": np.zeros((48, 1, 8, 8), np.uint8)}, "has images of uint8, shape (48, 1, 8, 8): uint8 is needed, ("),
        ({"labels": np.zeros(47)}, "has labels of shape (47,) for 48 images"),
        ({"group": np.zeros((48, 2))}, "has group of shape (48, 2) for 48 images"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, more, text):
    saved(tmp_path, **more)
    with pytest.raises(BenchmarkError, match=re.escape(text)):
        load_images("shapes", str(tmp_path))


def test_an_absent_a_foreign_and_an_incomplete_file_are_refused(tmp_path):
    with pytest.raises(BenchmarkError, match=r"none.npz cannot be read \(No such file"):
        load_images("none", str(tmp_path))
    (tmp_path / "text.npz").write_text("no zip")
    with pytest.raises(BenchmarkError, match=r"text\.npz is not a file of NumPy arrays"):
        load_images("text", str(tmp_path))
    np.savez(tmp_path / "half.npz", images=np.zeros((2, 8, 8), np.uint8))
    with pytest.raises(BenchmarkError, match=r"half\.npz has no array 'labels'"):
        load_images("half", str(tmp_path))
    saved(tmp_path, "more", (4, 4))
    saved(tmp_path, "more_test", (4, 4, 4))
    with pytest.raises(BenchmarkError, match="test images of 'more' have the label 2, which no training image has"):
        load_images("more", str(tmp_path))


def write_folders(root, sides=(8, 8)):
    from PIL import Image

    for label, side in zip(("cat", "dog"), sides, strict=True):
        (root / label).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(np.full((side, side, 3), 40 * i, np.uint8)).save(root / label / f"{i}.png")
    return f"torchvision:ImageFolder:{root}"


def test_a_data_set_of_torchvision_is_taken_apart(tmp_path):
    data = write_folders(tmp_path / "pets")
    found = load_images("imagefolder", data)
    assert found.X.shape == (6, 8, 8, 3)
    assert (found.labels, found.test) == (("cat", "dog"), None)
    assert image_data.list_default_sets(data) == ("imagefolder",)


def test_torchvision_data_that_cannot_be_had_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match=r"images of \(8, 8, 3\) and \(9, 9, 3\): all must have one shape"):
        load_images("x", write_folders(tmp_path / "mixed", (8, 9)))
    with pytest.raises(BenchmarkError, match="cannot be loaded: Dataset not found"):
        load_images("mnist", f"torchvision:MNIST:{tmp_path}")
    with pytest.raises(BenchmarkError, match="names no data set"):
        load_images("x", "torchvision:NoSuchSet:.")


# ---- the classifier ----


def as_images(counts=(9, 9, 9), seed=0):
    return Images.from_arrays(*shapes(counts, seed), len(counts))


@pytest.mark.parametrize("policy", [*CLASSIC.values(), Policy("affine", flip=True, balance="class_weight")])
def test_training_is_decided_by_its_seed_and_leaves_the_global_generator_alone(policy):
    before = torch.random.get_rng_state()
    p = [fit_classifier(as_images(), policy, seed, 3).predict_proba(as_images().x) for seed in (0, 0, 1)]
    assert np.array_equal(p[0], p[1])
    assert not np.array_equal(p[0], p[2])
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.allclose(p[0].sum(1), 1)


def test_the_classifier_learns():
    p = fit_classifier(as_images((12, 12, 12)), CLASSIC["none"], 0, 60).predict_proba(as_images((8, 8, 8), 1).x)
    assert (p.argmax(1) == np.repeat([0, 1, 2], 8)).mean() > 0.9


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 64, 64), (1, 128, 20), (3, 28, 28)])
def test_any_size_is_taken(shape):
    x = torch.zeros((4, *shape), dtype=torch.uint8)
    assert fit_classifier(Images(x, torch.tensor([0, 1, 0, 1]), 2), Policy(), 0, 2).predict_proba(x).shape == (4, 2)


@pytest.mark.parametrize("name", CHANGES)
def test_changes_keep_shape_and_range(name):
    x = as_images().x.float() / 255
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        changed = CHANGES[name](x)
    assert changed.shape == x.shape
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 1
    assert torch.equal(changed, x) == (name == "none")
    assert len({image.numpy().tobytes() for image in changed}) == len(x)


def batches_of(policy, pool=None, share=0.0, steps=40, images=None):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return list(iterate_batches(images or as_images(), policy, steps, pool, share))


def marked_pool(counts=(50, 50, 50)):
    """Synthetic images of which every pixel is 255 - label: brighter than any real one."""
    y = np.repeat(np.arange(3), counts)
    return Images.from_arrays(np.repeat(np.repeat(np.uint8(255 - y)[:, None, None], SIDE, 1), SIDE, 2), y, 3)


@pytest.mark.parametrize("share", [0.25, 0.3, 0.5])
def test_the_share_is_exact_within_one_image_in_every_batch_and_labels_are_kept(share):
    totals = 0
    for x, y, n in batches_of(Policy(), marked_pool(), share):
        synthetic = (x.flatten(1).min(1).values * 255).round() >= 250
        assert synthetic[:n].all() and not synthetic[n:].any()
        assert abs(int(synthetic.sum()) - share * BATCH) < 1
        assert torch.equal((255 - x[synthetic, 0, 0, 0] * 255).round().long(), y[synthetic])
        totals += int(synthetic.sum())
    assert abs(totals - share * BATCH * 40) < 1


def test_real_images_are_not_changed_in_place_by_synthetic_ones():
    images = as_images()
    before = images.x.clone()
    batches_of(Policy(), marked_pool(), 0.5, images=images)
    assert torch.equal(images.x, before)


def test_a_pool_repeats_no_image_before_all_of_its_class_were_given_out():
    y = torch.tensor([0, 0, 0, 1])
    pool = Pool(Images(torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1), y, 2))
    assert sorted(pool.take(torch.zeros(6, dtype=torch.int64)).ravel().tolist()) == [0, 0, 1, 1, 2, 2]
    assert pool.take(torch.tensor([1, 1])).ravel().tolist() == [3, 3]


class Sure(Classifier):
    """A teacher that is sure of one class."""

    def __init__(self, code):
        self.code = code

    def predict(self, x):
        return torch.eye(3).double()[self.code].expand(len(x), 3)


def test_a_teacher_labels_synthetic_images_and_most_of_a_real_one():
    x, y = torch.zeros(4, 1, SIDE, SIDE), torch.tensor([1, 1, 1, 2])
    soft = soften_targets(x, y, 2, Sure(0))
    assert soft.tolist() == [[1, 0, 0], [1, 0, 0], [0.75, 0.25, 0], [0.75, 0, 0.25]]
    mixed = soften_targets(x, torch.full((4, 3), 1 / 3), 0, Sure(0))
    assert torch.allclose(mixed.sum(1), torch.ones(4))
    assert torch.equal(Ensemble([Sure(0), Sure(1)]).predict(x)[0], torch.tensor([0.5, 0.5, 0.0]).double())


def test_a_student_learns_what_its_teacher_says():
    images = as_images()
    student = fit_classifier(images, Policy(), 0, 30, teacher=Sure(2))
    assert (student.predict_proba(images.x).argmax(1) == 2).mean() > 0.9


def test_mixing_gives_shares_of_classes():
    for name in ("mixup", "cutmix"):
        _, target, _ = batches_of(CLASSIC[name], steps=1)[0]
        assert target.shape == (BATCH, 3)
        assert torch.allclose(target.sum(1), torch.ones(BATCH))


def test_a_mirror_is_used_only_where_labels_survive_it():
    x = torch.zeros(9, 1, SIDE, SIDE, dtype=torch.uint8)
    x[..., : SIDE // 2] = 255
    images = Images(x, torch.tensor([0, 1, 2] * 3), 3)

    def share_mirrored(policy):
        x = torch.cat([x for x, *_ in batches_of(policy, images=images)])
        return float((x[..., SIDE // 2 :].mean((1, 2, 3)) > x[..., : SIDE // 2].mean((1, 2, 3))).float().mean())

    assert share_mirrored(Policy("affine")) == 0
    assert 0.4 < share_mirrored(Policy("affine", flip=True)) < 0.6


def test_small_classes_weigh_more_or_are_repeated():
    images = as_images((8, 4, 3))
    assert torch.allclose(compute_class_weights(images) * torch.tensor([8.0, 4.0, 3.0]), torch.tensor(5.0))
    rows = oversample_rows(images.y)
    assert torch.bincount(images.y[rows]).tolist() == [8, 8, 8]
    assert sorted(torch.bincount(rows)[12:].tolist()) == [2, 3, 3]
    _, y, _ = zip(*batches_of(Policy(balance="oversample"), images=images, steps=30), strict=True)
    assert torch.bincount(torch.cat(y)).tolist() == [320, 320, 320]


def test_scores_are_those_of_scikit_learn_and_small_classes_count_apart():
    y, predicted = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 1, 0, 2])
    found = compute_scores(y, predicted, np.array([1, 2]))
    assert found == pytest.approx(
        {"accuracy": 5 / 7, "balanced_accuracy": 0.75, "f1_macro": (0.75 + 0.5 + 1) / 3, "small_recall": 0.75}
    )
    assert "small_recall" not in compute_scores(y, predicted, np.array([], dtype=int))


# ---- arms ----


def test_every_arm_takes_the_same_number_of_steps(tmp_path, gans, fits):
    made = trial(tmp_path, (16, 4, 3))
    results = {arm: run_arm(made, arm) for arm in ARMS}
    assert {call["steps"] for call in fits} == {3}
    assert all("scores" in found for found in results.values()), results
    assert all(len(found["recall"]) == 3 for found in results.values())
    assert {arm for arm, found in results.items() if "gan" in found} >= {"ganaug_25", "ganaug_50", "synthetic_only"}


def test_arms_differ_as_their_names_say(tmp_path, gans, fits):
    made = trial(tmp_path, (16, 4, 3), flip=True, policy=vars(Policy("affine", "mixup", None, 0.01, 0.5, flip=True)))
    used = {}
    for arm in DEFAULT_ARMS:
        run_arm(made, arm)
        used[arm] = fits[-1]
    chosen = Policy("affine", "mixup", None, 0.01, 0.5, flip=True)
    assert used["none"]["policy"] == Policy()
    assert used["cutmix"]["policy"] == Policy("affine", "cutmix", flip=True)
    assert used["tuned"]["policy"] == used["ganaug_25"]["policy"] == used["ganaug_balanced"]["policy"] == chosen
    assert used["class_weight"]["policy"] == replace(chosen, balance="class_weight")
    assert (used["ganaug_25"]["share"], used["ganaug_50"]["share"], used["tuned"]["share"]) == (0.25, 0.5, 0.0)
    assert torch.bincount(used["ganaug_balanced"]["images"].y).tolist() == [16, 16, 16]
    assert torch.equal(used["ganaug_balanced"]["images"].x[:23], made.images.x)
    assert used["synthetic_only"]["images"] is made.pool
    assert torch.bincount(made.pool.y).tolist() == [32, 8, 6]
    assert all(used[arm]["pool"] is made.pool for arm in ("ganaug_25", "ganaug_50", "ganaug_distilled"))
    assert used["distilled"]["pool"] is None and used["tuned"]["teacher"] is None
    assert used["distilled"]["teacher"] is used["ganaug_distilled"]["teacher"] is made.teacher


def test_arms_for_small_classes_do_not_apply_where_there_are_none(tmp_path, gans):
    made = trial(tmp_path)
    for arm in ("class_weight", "oversample", "ganaug_balanced"):
        assert run_arm(made, arm) == {"not_applicable": "no class has less than a quarter of the images of the largest"}
    assert gans == []


def test_the_policy_is_chosen_on_training_images_alone(tmp_path, gans, fits):
    made, other = trial(tmp_path, (16, 4, 3), steps=20), trial(tmp_path, (16, 4, 3), steps=20)
    other.split = replace(other.split, X_test=255 - other.split.X_test, y_test=other.split.y_test[::-1].copy())
    assert made.policy == other.policy
    n = len(fits) // 2
    assert n == len(CLASSIC) + len(image_arms.RATES) + len(image_arms.DECAYS) + len(image_arms.BALANCES)
    learned = {image.tobytes() for image in made.split.split_inner(0).X}
    assert {image.numpy().tobytes() for call in fits for image in call["images"].x} == learned


def test_the_policy_is_the_one_that_scores_best(tmp_path, monkeypatch):
    liked = Policy("affine", "cutmix", None, 0.01, 0.05)

    def score(self, policy):
        return sum(getattr(policy, name) == getattr(liked, name) for name in vars(liked)), 0.0

    monkeypatch.setattr(Trial, "_score_inner", score)
    assert trial(tmp_path).policy == liked


def test_the_gan_sees_training_images_only_and_is_asked_for_once(tmp_path, gans):
    made = trial(tmp_path)
    for arm in ("ganaug_25", "ganaug_50", "synthetic_only"):
        run_arm(made, arm)
    ((asked, name),) = gans
    assert asked is made.split
    assert name == "shapes-9-seed0"


@pytest.mark.parametrize("best", [0.0, 0.5])
def test_the_share_is_chosen_with_a_gan_that_did_not_see_the_held_out_images(tmp_path, gans, monkeypatch, best):
    made = trial(tmp_path, policy=vars(Policy()))
    monkeypatch.setattr(Trial, "_score_inner", lambda self, policy, pool, share: (-abs(share - best), 0.0))
    found = run_arm(made, "ganaug_chosen")
    inner = made.split.split_inner(0)
    assert np.array_equal(gans[0][0].X, inner.X)
    assert not {image.tobytes() for image in gans[0][0].X} & {image.tobytes() for image in inner.X_test}
    assert found["share"] == best
    same = run_arm(made, "ganaug_50" if best else "tuned")
    assert found["scores"] == same["scores"]


def test_an_arm_that_fails_says_so_in_one_line(tmp_path, monkeypatch):
    def failing(*_):
        raise RuntimeError("no\nluck")

    monkeypatch.setattr(image_arms, "load_or_train_gan", failing)
    assert run_arm(trial(tmp_path), "ganaug_50") == {"error": "RuntimeError: no luck"}


def test_a_gan_is_trained_once_for_the_same_images_seed_and_options(tmp_path, monkeypatch):
    X, y = shapes((16, 16))
    made = ImageSplit(X, y, X, y)
    first = image_gan.load_or_train_gan(made, "a", 0, tmp_path, OPTIONS)
    assert (first.facts["steps"], first.facts["source"]) == (4, "source")
    drawn = first.draw(y[:5], 3)
    assert drawn.shape == (5, SIDE, SIDE)

    class Untrained(image_gan.GANAugmenter):
        def fit(self, X, y):
            raise RuntimeError("trained")

    monkeypatch.setattr(image_gan, "GANAugmenter", Untrained)
    again = image_gan.load_or_train_gan(made, "a", 0, tmp_path, OPTIONS)
    assert again.facts == first.facts
    assert np.array_equal(again.draw(y[:5], 3), drawn)
    for other, seed, options in [
        (replace(made, X=255 - X), 0, OPTIONS),
        (made, 1, OPTIONS),
        (made, 0, OPTIONS | {"max_steps": 5}),
    ]:
        with pytest.raises(RuntimeError, match="trained"):
            image_gan.load_or_train_gan(other, "a", seed, tmp_path, options)


# ---- a run ----

SMALL = ["--steps", "3", "--pool", "10", "--options", json.dumps(OPTIONS), "--sets", "shapes"]


def go(folder, *arguments):
    output = folder / "out.json"
    gain_images.main(["--data", str(folder), *SMALL, "--output", str(output), *map(str, arguments)])
    return read_results(output)


def records(content, name):
    return {record["method"]: record for record in content["cases"][f"gain-images/{name}"]["records"]}


def test_a_whole_run_trains_gans_and_records_what_results_depend_on(tmp_path):
    content = go(saved(tmp_path), "--sizes", 4, 6, "--seeds", 0, "--arms", "none", "tuned", "ganaug_50")
    assert set(content["cases"]) == {"gain-images/shapes-4/seed0", "gain-images/shapes-6/seed0"}
    found = records(content, "shapes-6/seed0")
    assert set(found) == {"none", "tuned", "ganaug_50"}
    assert {"fit_seconds", "diversity", "source"} < set(found["ganaug_50"]["gan"])
    assert found["ganaug_50"]["gan"]["steps"] == 4
    assert found["ganaug_50"]["chose"] == found["tuned"]["chose"]
    assert content["cases"]["gain-images/shapes-6/seed0"]["rows"] == {"train": [6, 6, 6], "test": [8, 8, 8]}
    assert len(list((tmp_path / "out-models").glob("*.safetensors"))) == 2
    (environment,) = content["environments"]
    assert {"ganaug", "torchvision", "torch", "python"} <= set(environment["versions"])
    assert environment["settings"] == {"steps": 3, "pool": 10, "test": 2000, "augmenter": OPTIONS}
    assert "| shapes: accuracy | 4 of each class | 6 of each class | all sizes |" in image_summary.render_report(
        content
    )


@pytest.mark.slow
def test_several_processes_give_the_same_results(tmp_path):
    files = []
    for jobs in (1, 2):
        (tmp_path / str(jobs)).mkdir()
        arguments = ("--sizes", 4, 6, "--seeds", 0, "--arms", "none", "cutmix", "--jobs", jobs)
        files.append(go(saved(tmp_path / str(jobs)), *arguments))
    assert files[0] == files[1]
    assert [len(case["records"]) for case in files[1]["cases"].values()] == [2, 2]


def test_a_killed_run_goes_on_with_the_next_arm_and_its_policy(tmp_path, gans, monkeypatch):
    def killed(made, arm):
        if arm == "ganaug_50":
            raise KeyboardInterrupt
        return run_arm(made, arm)

    arms = ("--sizes", 4, "--seeds", 0, "--arms", "none", "tuned", "ganaug_50")
    with monkeypatch.context() as patch:
        patch.setattr(gain_images, "run_arm", killed)
        with pytest.raises(SystemExit) as stop:
            go(saved(tmp_path), *arms)
    assert stop.value.code == 130
    left = read_results(tmp_path / "out.json")
    assert set(records(left, "shapes-4/seed0")) == {"none", "tuned"}
    monkeypatch.setattr(Trial, "_score_inner", lambda *_: pytest.fail("the policy was chosen again"))
    monkeypatch.setitem(ARMS, "none", lambda _: pytest.fail("none was run again"))
    done = records(go(tmp_path, *arms), "shapes-4/seed0")
    assert done["ganaug_50"]["chose"] == done["tuned"]["chose"]
    assert done["none"] == records(left, "shapes-4/seed0")["none"]


def test_other_settings_are_not_mixed_in_unasked(tmp_path, gans):
    arms = ("--sizes", 4, "--seeds", 0, "--arms", "none")
    go(saved(tmp_path), *arms)
    with pytest.raises(SystemExit, match="was measured with another settings"):
        go(tmp_path, *arms, "--max-seconds", 5)
    content = go(tmp_path, *arms[:-1], "affine", "--max-seconds", 5, "--mixed")
    assert [e["settings"]["augmenter"].get("max_seconds") for e in content["environments"]] == [None, 5.0]


def test_a_case_that_the_set_does_not_allow_is_kept_with_its_reason(tmp_path, gans):
    content = go(saved(tmp_path, counts=(16, 16, 4)), "--sizes", 4, "--seeds", 0, "--arms", "none")
    (entry,) = content["cases"].values()
    assert entry["excluded"] == "2 images of '2' to learn from, fewer than 3"
    assert "2 images of '2' to learn from" in image_summary.render_report(content)


def test_a_failed_arm_makes_the_run_fail_and_is_tried_again(tmp_path, gans, monkeypatch):
    arms = ("--sizes", 4, "--seeds", 0, "--arms", "synthetic_only")
    with monkeypatch.context() as patch:
        patch.setattr(FakeGan, "draw", lambda *_: 1 / 0)
        with pytest.raises(SystemExit, match="synthetic_only, cnn: ZeroDivisionError"):
            go(saved(tmp_path), *arms)
    assert "scores" in records(go(tmp_path, *arms), "shapes-4/seed0")["synthetic_only"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--data", "no-such-folder"], r"Error: no-such-folder/mnist_train10k.npz cannot be read"),
        (["--data", "torchvision:Nothing:."], "Error: --data torchvision:Nothing:. names no data set"),
        (["--summary", "none.json"], "Error: none.json cannot be read"),
    ],
)
def test_mistakes_end_in_one_sentence_before_any_work(arguments, text):
    with pytest.raises(SystemExit, match=text):
        gain_images.main(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data", ".", "--jobs", "0"],
        ["--data", ".", "--arms", "magic"],
        ["--data", ".", "--options", "[1]"],
        ["--data", "torchvision:MNIST:.", "--sets", "mnist"],
    ],
)
def test_options_that_do_not_exist_are_errors_of_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        gain_images.main(arguments)
    assert stop.value.code == 2


# ---- what results say ----


def results(scores, metric="accuracy", cut=None, **facts):
    """Content of a results file: {cut: {arm: score of each seed}}."""
    cases = {}
    for name, arms in scores.items():
        for seed in range(max(map(len, arms.values()))):
            rows = [
                {"method": arm, "learner": "cnn", "scores": {metric: values[seed]}, **facts}
                for arm, values in arms.items()
                if seed < len(values)
            ]
            entry = {"table": "shapes", "cut": name, "seed": seed, "classes": ["a", "b"], "records": rows}
            cases[f"gain-images/shapes-{name}/seed{seed}"] = entry
    return {"format": 1, "suite": SUITE, "environments": [], "cases": cases}


TWO = {
    "10": {"none": [0.5, 0.6], "affine": [0.8, 0.8], "tuned": [0.7, 0.8], "ganaug_50": [0.82, 0.84]},
    "20": {"none": [0.7, 0.7], "affine": [0.8, 0.9], "tuned": [0.9, 0.92], "ganaug_50": [0.88, 0.92]},
}


def cells_of(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_the_summary_compares_with_the_chosen_policy_and_with_the_best_by_its_own_score():
    text = image_summary.render_report(results(TWO))
    assert cells_of(text, "affine |") == ["80.0", "85.0", "82.5"]
    assert cells_of(text, "best classic policy + **ganaug**, 50") == ["83.0", "90.0", "86.5"]
    chosen = cells_of(text, "ganaug_50 minus the policy chosen on training images")
    assert [cell.split(" ")[0] for cell in chosen] == ["+8.0", "-1.0", "+3.5"]
    assert chosen[0] == "+8.0 [-42.8, +58.8]"  # 4 points to either side, times 12.706
    assert chosen[2] == "+3.5 [-15.6, +22.6]"  # over seeds: +5 and +2
    best = cells_of(text, "ganaug_50 minus the best by its own test score (affine, tuned, tuned)")
    assert [cell.split(" ")[0] for cell in best] == ["+3.0", "-1.0", "+3.5"]
    losing = text.split("## Losing cells")[1].split("##")[0]
    assert losing.strip() == "* shapes, 20, accuracy: ganaug_50 minus tuned -1.0 [-13.7, +11.7]"


def test_an_arm_without_all_its_cases_counts_where_it_has_them():
    part = {"10": {**TWO["10"], "cutmix": [0.99]}, "20": TWO["20"]}
    text = image_summary.render_report(results(part))
    assert cells_of(text, "affine + CutMix") == ["99.0", "", ""]
    assert "(affine, tuned, tuned)" in text


def test_a_clear_loss_is_marked_and_seconds_of_fits_are_listed():
    lost = {"10": {"tuned": [0.9, 0.8, 0.7], "ganaug_25": [0.8, 0.701, 0.6], "ganaug_50": [0.9, 0.8, 0.6999]}}
    text = image_summary.render_report(results(lost, gan={"fit_seconds": 30.4}))
    assert re.search(r"ganaug_25 minus tuned -10\.0 \[.*\] \*\*clear\*\*", text)
    assert text.count("minus tuned") == 1  # 0.003 points below is no loss
    assert "* shapes, 10: 30 s (30 to 30), n = 3" in text


def test_small_classes_are_judged_by_their_recall():
    content = results({"all": {"tuned": [0.5, 0.6], "ganaug_balanced": [0.4, 0.7]}}, "small_recall", recall=[0.25, 1.0])
    text = image_summary.render_report(content)
    assert "| shapes: recall of the small classes | all images |" in text
    assert cells_of(text, "**best classic policy**, chosen on training images | 25") == ["25.0", "100.0"]


def test_the_table_has_every_size_and_their_mean(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(results(TWO)))
    table = image_summary.render_image_table(tmp_path)
    assert cells_of(table, "no augmentation") == ["55.0", "70.0", "62.5"]
