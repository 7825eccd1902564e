"""GANAugmenter on images: whatever they come in, they come out as, and every option does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from small import equal, numbers, quick_augmenter
from small_images import bars, image_digest, image_folder
from torch.utils.data import DataLoader, Dataset, TensorDataset

from ganaug import DataError, GANAugmenter, ModelFileError, ParameterError
from ganaug.augmenter import filtering as judging
from ganaug.augmenter import fitting, preview
from ganaug.image import AUGMENTATIONS
from ganaug.image.defaults import image_defaults
from ganaug.layers import ClassVector
from ganaug.modality import Generator
from ganaug.training import checkpoint, loop

pytestmark = [
    pytest.mark.usefixtures("on_one_thread"),
    pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning"),
]


def sampled(augmenter, n=30, **options):
    return image_digest(*augmenter.sample(n, **options))


def unbalanced(channels=None):
    """30 images that lie and 12 that stand."""
    X, y = bars(60, channels=channels)
    keep = (y == 0) | (np.arange(60) < 24)
    return X[keep], y[keep]


@pytest.fixture
def quick_judges(monkeypatch):
    """Networks that judge are trained for three steps."""
    monkeypatch.setattr("ganaug.image.classifier.default_steps", lambda n: 3)
    monkeypatch.setattr("ganaug.image.score._STEPS", 3)


# Containers


def as_float(X):
    return X.astype(np.float32) / 255


FORMS = {
    "uint8": (lambda X: X[..., 0], (0, 255)),
    "uint8 RGB": (lambda X: X, (0, 255)),
    "uint8 of one channel": (lambda X: X[..., :1], (0, 255)),
    "uint16": (lambda X: X[..., 0].astype(np.uint16) * 257, (0, 65535)),
    "black and white": (lambda X: X[..., 0] > 100, (0, 1)),
    "float32 from 0 to 1": (lambda X: as_float(X), (0, 1)),
    "float64 from -1 to 1": (lambda X: as_float(X[..., 0]).astype(np.float64) * 2 - 1, (-1, 1)),
    "tensor, channels first": (lambda X: torch.from_numpy(as_float(X)).permute(0, 3, 1, 2), (0, 1)),
    "uint8 tensor": (lambda X: torch.from_numpy(X[..., 0]), (0, 255)),
    "a part of uint8": (lambda X: X[..., 0] // 15, (0, 15)),
    "12 bits in uint16": (lambda X: X[..., 0].astype(np.uint16) * 16, (0, 3824)),
    "signed": (lambda X: X[..., 0].astype(np.int16) * 16 - 1024, (-1024, 2800)),
    "int64 tensor": (lambda X: torch.from_numpy(X[..., 0].astype(np.int64) * 16), (0, 3824)),
    "float32 of a small part": (lambda X: as_float(X) / 16, (0, 0.06)),
    "float64 as whole numbers": (lambda X: X.astype(np.float64), (0, 239)),
    "normalised tensor": (lambda X: torch.from_numpy(as_float(X)).permute(0, 3, 1, 2) * 4 - 2, (-2, 1.75)),
}


@pytest.mark.parametrize(("make", "bounds"), FORMS.values(), ids=FORMS)
def test_images_come_out_as_they_came_in(make, bounds):
    X, y = bars(channels=3)
    X = make(X)
    augmenter = quick_augmenter().fit(X, y)
    made, labels = augmenter.sample(25)
    assert type(made) is type(X) and made.dtype == X.dtype and made.shape == (25, *X.shape[1:])
    assert type(labels) is np.ndarray and labels.dtype == y.dtype and set(labels.tolist()) == {0, 1}
    values = np.asarray(made, dtype=np.float64)
    low, high = bounds
    assert low <= values.min() < values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 0.3 * (high - low)  # hardly trained, it is near the middle
    none, labels = augmenter.sample(0)
    assert type(none) is type(X) and none.dtype == X.dtype and none.shape == (0, *X.shape[1:]) and len(labels) == 0


@pytest.mark.slow
def test_images_of_a_small_range_are_learned_as_well_as_those_of_the_whole():
    images, y = load_digits().images, load_digits().target

    def score(X):
        made, labels = GANAugmenter(max_steps=300, filters=None, random_state=0).fit(X[:900], y[:900]).sample(1000)
        assert made.max() <= X.max()
        rows = [(part / X.max()).reshape(len(part), -1) for part in (made, X[900:])]
        return LogisticRegression(max_iter=300).fit(rows[0], labels).score(rows[1], y[900:])

    full, few, deep = (score(X) for X in (np.uint8(images * 15.9375), np.uint8(images), np.uint16(images * 255)))
    assert full > 0.8
    assert few > full - 0.02
    assert deep > full - 0.02


def test_labels_of_a_tensor_come_as_a_tensor(tmp_path):
    X, y = bars()
    y = torch.from_numpy(y).int()
    augmenter = quick_augmenter().fit(torch.from_numpy(X), y)
    augmenter.save(tmp_path / "model")
    for known in (augmenter, GANAugmenter.load(tmp_path / "model")):
        labels = known.sample(9)[1]
        assert isinstance(labels, torch.Tensor) and labels.dtype == torch.int32
        assert type(known.classes_) is np.ndarray
        assert known.sample(y=torch.tensor([1, 0, 1]))[1].tolist() == [1, 0, 1]
        assert known.sample(2, y=torch.tensor(1))[1].tolist() == [1, 1]


def test_text_labels_and_counts_per_class():
    X, y = bars()
    augmenter = quick_augmenter().fit(X, np.array(["lies", "stands"])[y])
    made, labels = augmenter.sample({"stands": 7, "lies": 2})
    assert sorted(labels.tolist()) == ["lies"] * 2 + ["stands"] * 7 and len(made) == 9


@pytest.mark.parametrize("channel_axis", [1, -1, 3])
def test_channel_axis_that_cannot_be_told_is_taken_as_said(channel_axis):
    X = np.random.default_rng(0).integers(0, 255, (30, 9, 10, 11), dtype=np.uint8)
    y = np.arange(30) % 2
    with pytest.raises(DataError, match="say channel_axis=1"):
        quick_augmenter().fit(X, y)
    augmenter = quick_augmenter(channel_axis=channel_axis).fit(X, y)
    assert augmenter.schema_["channels"] == (9 if channel_axis == 1 else 11)
    assert augmenter.sample(3)[0].shape == (3, 9, 10, 11)


@pytest.mark.parametrize("kind", ["dcgan", "residual", "mlp"])
@pytest.mark.parametrize("loss", ["hinge", "minimax", "wasserstein"])
def test_every_architecture_plays_every_game(kind, loss):
    augmenter = quick_augmenter(architecture=kind, loss=loss).fit(*bars(height=9, width=13))
    assert all(np.isfinite(values).all() for values in augmenter.history_.values())
    assert augmenter.sample(4)[0].shape == (4, 9, 13)


def test_a_list_of_pictures_is_an_array_of_them():
    X, y = bars(channels=3)
    pictures = [Image.fromarray(image) for image in X]
    assert sampled(quick_augmenter().fit(pictures, y)) == sampled(quick_augmenter().fit(X, y))


# Where images come from


def by_class(X, y):
    order = np.argsort(y, kind="stable")
    return X[order], y[order]


def test_image_folder_of_torchvision_is_its_array(tmp_path):
    from torchvision.datasets import ImageFolder

    X, y = by_class(*bars(channels=3))
    folder = ImageFolder(image_folder(tmp_path / "train", X, y))
    from_folder, from_array = quick_augmenter().fit(folder), quick_augmenter().fit(X, y)
    for (made, labels), (expected, wanted) in [(from_folder.sample(50), from_array.sample(50))]:
        assert made.dtype == np.uint8 and np.array_equal(made, expected)
        assert labels.dtype == wanted.dtype and np.array_equal(labels, wanted)
    generator, other = (augmenter.model_.generator.state_dict() for augmenter in (from_folder, from_array))
    assert equal(generator, other)
    assert from_folder.schema_ == from_array.schema_


def test_path_of_a_folder_is_its_array_and_grey_stays_grey(tmp_path):
    X, y = by_class(*bars())
    names = np.array(["lies", "stands"])[y]
    path = image_folder(tmp_path / "train", X, names)
    expected = sampled(quick_augmenter().fit(X, names))
    assert sampled(quick_augmenter().fit(path)) == sampled(quick_augmenter().fit(str(path))) == expected


class Counted(Dataset):
    """(image, label) items that count how often they are read."""

    def __init__(self, X, y):
        self.X, self.y, self.reads = X, y, 0

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        self.reads += 1
        return self.X[i], int(self.y[i])


def test_a_data_set_is_read_once_and_is_its_array():
    data = Counted(*bars())
    augmenter = quick_augmenter().fit(data)
    assert data.reads == 40
    assert sampled(augmenter) == sampled(quick_augmenter().fit(*bars()))


def test_a_data_set_of_tensors_is_its_tensors():
    X, y = (torch.from_numpy(part) for part in bars())
    made, labels = quick_augmenter().fit(TensorDataset(X, y)).sample(20)
    expected, wanted = quick_augmenter().fit(X, y).sample(20)
    assert isinstance(made, torch.Tensor) and torch.equal(made, expected) and labels.tolist() == wanted.tolist()


# Randomness


def test_seed_decides_everything_and_global_state_nothing():
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    first, again, other = (sampled(quick_augmenter(random_state=seed).fit(*bars())) for seed in (0, 0, 1))
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), before[0]) and np.random.get_state()[1].tolist() == before[1]


@pytest.fixture(scope="module")
def fitted():
    """An augmenter of bars, hardly trained; to be sampled, not changed."""
    return quick_augmenter(max_steps=60).fit(*bars())


@pytest.mark.parametrize("n", [0, 1, 7, 256, 257, 599])
def test_fewer_images_are_a_prefix_of_more(fitted, n):
    X, y = fitted.sample(n, random_state=3)
    whole, labels = fitted.sample(600, random_state=3)
    assert np.array_equal(X, whole[:n]) and np.array_equal(y, labels[:n])
    assert len(np.unique(whole.reshape(600, -1), axis=0)) > 590


def test_the_same_call_gives_the_same_images_again(fitted):
    assert sampled(fitted) == sampled(fitted) == sampled(fitted, random_state=0) != sampled(fitted, random_state=1)


OTHER_PROCESS = """
import sys
from ganaug import GANAugmenter
from small_images import image_digest
augmenter = GANAugmenter.load(sys.argv[1])
print(image_digest(*augmenter.sample(300)), image_digest(*augmenter.sample({0: 3, 1: 20}, random_state=5)))
"""


@pytest.mark.slow
def test_a_saved_model_samples_the_same_in_another_process(quick_judges, tmp_path):
    path = tmp_path / "bars.safetensors"
    augmenter = quick_augmenter(filters="label_agreement").fit(*bars(channels=3))
    assert [judge.name for judge in augmenter.model_.judges] == ["label_agreement"]
    augmenter.save(path)
    here = [sampled(augmenter, 300), sampled(augmenter, {0: 3, 1: 20}, random_state=5)]
    found = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == here


# Options


def test_filters_of_images_weigh_by_label(quick_judges):
    augmenter = quick_augmenter(filters="auto").fit(*bars())
    assert augmenter.filters_ == {"strengths": {"label_agreement": 1.0}}
    assert sampled(augmenter) != sampled(quick_augmenter().fit(*bars()))
    _ = augmenter.resample(*unbalanced())
    assert augmenter.resampled_["dropped"]["unlike their label"] > 0


def spread(augmenter, **options):
    X, _ = augmenter.set_params(**options).sample(200, y=0)
    return X.astype(float).std(0).mean()


def test_only_a_filter_that_compares_gets_candidates(monkeypatch, quick_judges):
    """A thousand samples and more, of large images a lot of memory, which label agreement never looks at."""
    sizes = []
    real = judging.draw_samples
    monkeypatch.setattr(judging, "draw_samples", lambda *rest: sizes.append(rest[-1]) or real(*rest))
    assert quick_augmenter(filters="auto").fit(*bars()).filters_["strengths"] == {"label_agreement": 1.0}
    assert sizes == [0, 0]
    quick_augmenter(filters=["density_ratio"]).fit(*numbers())
    assert sizes == [0, 0, 1000, 0]


def test_latent_scale_widens_samples():
    augmenter = quick_augmenter(max_steps=60).fit(*bars())
    narrow, plain, wide = (spread(augmenter, latent_scale=scale) for scale in (0.2, 1.0, 3.0))
    assert 1.5 * narrow < plain < 0.8 * wide


def test_latent_scale_counts_where_classes_are_filled_up_and_is_saved(tmp_path):
    X, y = unbalanced()
    augmenter = quick_augmenter(max_steps=60, latent_scale=0.05).fit(X, y)
    narrow = augmenter.resample(X, y)[0][len(X) :].astype(float).std(0).mean()
    augmenter.save(tmp_path / "model")
    assert sampled(GANAugmenter.load(tmp_path / "model")) == sampled(augmenter)
    plain = augmenter.set_params(latent_scale=1.0).resample(X, y)[0][len(X) :].astype(float).std(0).mean()
    assert 2 * narrow < plain


@pytest.mark.parametrize("scale", [0, -1.0, "wide", None, float("nan")])
def test_a_latent_scale_set_after_fit_is_checked(scale):
    augmenter = quick_augmenter().fit(*bars()).set_params(latent_scale=scale)
    for draw in (lambda: augmenter.sample(3), lambda: augmenter.resample(*unbalanced())):
        with pytest.raises(
            ParameterError, match="The 'latent_scale' parameter of GANAugmenter must be a number above 0"
        ):
            draw()


def test_augmentation_changes_what_is_learned():
    found = {
        name: sampled(quick_augmenter(augmentation=names).fit(*bars()))
        for name, names in {
            "auto": "auto",
            "none": None,
            "empty": [],
            "flip": ["flip"],
            "all": [*AUGMENTATIONS],
        }.items()
    }
    assert found["none"] == found["empty"]
    assert len(set(found.values())) == 4


DOES_NOT_APPLY = [
    ("table", {"channel_axis": 1}, "The 'channel_axis' parameter does not apply to table data; leave it out. Got 1"),
    ("table", {"architecture": "dcgan"}, "The 'architecture' parameter does not apply to table data. Got 'dcgan'"),
    ("table", {"augmentation": ["flip"]}, r"The 'augmentation' parameter does not apply to table data. Got \['flip'\]"),
    ("table", {"preview_path": "grids"}, "preview_path needs samples that are pictures, and table data are not"),
    ("image", {"filters": "density_ratio"}, "must be of 'label_agreement' for image data. Got 'density_ratio'"),
    ("image", {"filters": {"density_ratio": 0.5}}, "must be of 'label_agreement' for image data. Got 'density_ratio'"),
    ("image", {"filters": ["label_agreement", "density_ratio"]}, "for image data. Got 'density_ratio'"),
    ("image", {"column_kinds": {0: "numeric"}}, "'column_kinds' parameter does not apply to image data; leave it out"),
    ("image", {"categorical_features": [0]}, r"'categorical_features' parameter does not apply .* Got \[0\]"),
    ("image", {"categorical_features": np.array([0, 1])}, r"'categorical_features' parameter does not apply to image"),
]


@pytest.mark.parametrize(("kind", "options", "complaint"), DOES_NOT_APPLY)
def test_an_option_that_means_nothing_to_the_data_is_refused(monkeypatch, tmp_path, kind, options, complaint):
    monkeypatch.chdir(tmp_path)
    augmenter = quick_augmenter(**options)
    with pytest.raises(ParameterError, match=complaint):
        augmenter.fit(*(bars() if kind == "image" else numbers()))
    assert not hasattr(augmenter, "model_") and list(tmp_path.iterdir()) == []


def test_a_single_change_needs_no_list():
    X, y = bars()
    one, listed, none = (quick_augmenter(augmentation=names).fit(X, y) for names in ("flip", ["flip"], None))
    assert sampled(one) == sampled(listed) != sampled(none)
    with pytest.raises(ParameterError, match="does not apply to table data"):
        quick_augmenter(augmentation="flip").fit(*numbers())


def test_all_options_that_do_not_apply_are_in_one_message():
    with pytest.raises(ParameterError) as caught:
        quick_augmenter(channel_axis=1, architecture="mlp", augmentation=["color"], preview_path="x").fit(*numbers())
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize("options", [{"channel_axis": None}, {"augmentation": None}, {"augmentation": []}])
def test_an_option_that_asks_for_nothing_is_fine_for_tables(options):
    quick_augmenter(**options).fit(*numbers())


def test_what_is_left_open_follows_from_images_and_device():
    small, large = {"height": 28, "width": 28}, {"height": 64, "width": 64}
    few, many = [100] * 10, [2000] * 10
    usual = image_defaults(small, few, "cpu")
    assert usual.kind == "dcgan" and image_defaults(small, [6, 6], "cpu").batch_size <= 16 < usual.batch_size
    assert usual.condition_ramp is not None and image_defaults(small, many, "cpu").condition_ramp is None
    assert image_defaults(small, [2000, 0, 100], "cpu").condition_ramp == usual.condition_ramp
    assert image_defaults(small, [2000, 0, 2000], "cpu").condition_ramp is None  # a class that is not learned
    costly = image_defaults(large, few, "cpu")
    assert costly.width < usual.width and costly.max_steps <= usual.max_steps
    on_gpu = image_defaults(small, many, "cuda")
    assert on_gpu.kind == "residual" and on_gpu.width > usual.width
    for counts in (few, many, [10, 10]):
        assert "flip" not in image_defaults(small, counts, "cpu").augmentation  # only when asked


# Filling up classes


@pytest.mark.parametrize("container", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
def test_fit_resample_balances_below_the_real_images(container):
    X, y = unbalanced(channels=3)
    before = image_digest(X, y)
    augmenter = quick_augmenter()
    made, labels = augmenter.fit_resample(container(X), container(y))
    assert image_digest(X, y) == before
    assert type(made) is type(labels) is type(container(X)) and made.dtype == container(X).dtype
    assert made.shape == (60, 10, 8, 3) and np.bincount(labels).tolist() == [30, 30]
    assert np.array_equal(made[:42], X) and np.array_equal(labels[:42], y)
    assert augmenter.sampling_strategy_ == {1: 18} and augmenter.resampled_["added"] == {1: 18}


def test_resample_takes_a_data_set_and_needs_no_training(monkeypatch, fitted):
    monkeypatch.setattr(fitting, "train_gan", lambda *_: pytest.fail("trains again"))
    X, y = unbalanced()
    expected = fitted.resample(X, y)
    made, labels = fitted.resample(Counted(X, y))
    assert np.array_equal(made, expected[0]) and np.array_equal(labels, expected[1]) and len(made) == 60


def test_fit_resample_takes_a_folder(tmp_path):
    X, y = by_class(*unbalanced())
    names = np.array(["lies", "stands"])[y]
    made, labels = quick_augmenter().fit_resample(image_folder(tmp_path / "train", X, names))
    expected, wanted = quick_augmenter().fit_resample(X, names)
    assert np.array_equal(made, expected) and labels.tolist() == wanted.tolist()


@pytest.mark.parametrize("container", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
def test_where_nothing_is_missing_the_images_come_back_as_they_are(container):
    X, y = (container(part) for part in bars())
    made, labels = quick_augmenter().fit_resample(X, y)
    assert type(made) is type(X) and made is not X and np.array_equal(made, X)
    assert type(labels) is type(y) and np.array_equal(labels, y)


class Memory(Generator):
    """Gives real images again, a pixel changed now and then, wherever z begins with a number above zero."""

    noise_dim = 0

    def __init__(self, x):
        super().__init__()
        self.x = x

    def sample(self, z, c, noise):
        n = len(z)
        copies = self.x[torch.arange(n) % len(self.x)].clone()
        copies[::2, 0, 0, 0] += 1 / 255
        made = torch.tanh(z[:, :1, None, None] + torch.linspace(-1, 1, 80).reshape(1, 1, 10, 8) * z[:, 1:2, None, None])
        return torch.where(z[:, :1, None, None] > 0, copies, made)


def test_copies_of_real_images_are_left_out():
    X, y = unbalanced()
    augmenter = quick_augmenter().fit(X, y)
    model = augmenter.model_
    model.generator = Memory(model.encoder.transform(X, np.random.default_rng(0)))
    made, labels = augmenter.resample(X, y)
    assert np.bincount(labels).tolist() == [30, 30]
    gaps = np.abs(made[42:, None].astype(int) - X[None].astype(int)).sum((2, 3)).min(1)
    assert gaps.min() > 100
    assert augmenter.resampled_["copies_kept"] == 0 and augmenter.resampled_["dropped"]["copies of real images"] > 5


# Pictures of the training


def test_preview_is_a_grid_of_every_class_at_each_score(tmp_path):
    folder = tmp_path / "new" / "grids"
    options = {"max_steps": 110, "width": 4}
    augmenter = quick_augmenter(preview_path=folder, **options).fit(*bars())
    shown = sorted(folder.glob("*.png"))  # there may be files for TensorBoard, too
    assert [path.name for path in shown] == ["step_000050.png", "step_000100.png", "step_000110.png"]
    assert augmenter.history_["score_step"].tolist() == [50, 100, 110]
    grids = []
    for path in shown:
        with Image.open(path) as picture:
            assert picture.format == "PNG" and picture.mode == "L"
            grids.append(np.asarray(picture))
    assert {grid.shape for grid in grids} == {(2 * (10 + 2), 10 * (8 + 2))}  # a class in each row, ten columns
    assert not np.array_equal(grids[0], grids[1])
    assert sampled(augmenter) == sampled(quick_augmenter(**options).fit(*bars()))  # to look changes nothing


def test_preview_is_made_from_the_same_noise(tmp_path, monkeypatch):
    seen = []
    real = preview.Preview._make_samples
    monkeypatch.setattr(
        preview.Preview, "_make_samples", lambda self, net: (seen.append((self.z, self.codes)), real(self, net))[1]
    )
    quick_augmenter(preview_path=tmp_path, max_steps=110, width=4).fit(*bars())
    assert len(seen) == 3 and all(torch.equal(z, seen[0][0]) for z, _ in seen)
    assert seen[0][1].tolist() == [0] * 10 + [1] * 10


def test_preview_shows_colours_and_the_last_grid_is_of_the_last_weights(tmp_path):
    augmenter = quick_augmenter(preview_path=tmp_path).fit(*bars(channels=3))
    with Image.open(tmp_path / "step_000004.png") as picture:
        assert picture.mode == "RGB" and picture.size == (100, 24)
        first = np.asarray(picture)[:10, :8]
    shown = preview.Preview.of(tmp_path, augmenter.model_.modality, augmenter.model_.prior, 64, 0)
    expected = shown.pictures(shown._make_samples(augmenter.model_.generator))[0]
    assert np.array_equal(first, expected)


class Log:
    """Remembers what TensorBoard would have been told."""

    def __init__(self):
        self.scalars, self.images, self.closed = [], [], False

    def add_scalar(self, name, value, step):
        self.scalars.append((name, float(value), step))

    def add_image(self, name, image, step, dataformats):
        assert len(dataformats) == image.ndim
        self.images.append((name, image.shape, step, dataformats))

    def flush(self):
        assert not self.closed

    def close(self):
        self.closed = True


@pytest.mark.parametrize("channels", [None, 3])
def test_losses_and_samples_are_logged_where_tensorboard_is(monkeypatch, tmp_path, channels):
    log = Log()
    monkeypatch.setattr(preview, "_open_tensorboard", lambda folder: log)
    augmenter = quick_augmenter(preview_path=tmp_path, max_steps=60, width=4).fit(*bars(channels=channels))
    names = {"discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic", "held_out_score"}
    assert {name for name, _, _ in log.scalars} == names and log.closed
    assert [step for name, _, step in log.scalars if name == "generator_loss"] == [50, 60]
    losses = augmenter.history_["generator_loss"]
    assert ("generator_loss", pytest.approx(losses[50:].mean(), rel=1e-4), 60) in log.scalars
    colours, form = ((), "HW") if channels is None else ((3,), "HWC")
    assert log.images == [("samples", (24, 100, *colours), step, form) for step in (50, 60)]


def test_tensorboard_gets_a_file_of_events(tmp_path):
    pytest.importorskip("tensorboard")
    quick_augmenter(preview_path=tmp_path).fit(*bars())
    (events,) = tmp_path.glob("events.out.tfevents*")
    assert events.stat().st_size > 0


def test_a_preview_folder_that_takes_no_files_is_refused_before_training(monkeypatch, tmp_path):
    def read_only(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(preview.tempfile, "TemporaryFile", read_only)
    monkeypatch.setattr(loop, "train_step", lambda *_: pytest.fail("trains"))
    with pytest.raises(ParameterError, match=r"'.*shown' for previews cannot be .*written to \(Permission denied\)"):
        quick_augmenter(preview_path=tmp_path / "shown").fit(*bars())


def test_a_score_that_judged_nothing_is_not_shown(capfd):
    X, y = bars(160)
    for n, scored in ((40, False), (160, True)):
        quick_augmenter(max_steps=2, verbose=2).fit(X[:n], y[:n])
        err = capfd.readouterr().err
        assert "step 2/2" in err and ("held-out score" in err) == scored
        assert "rows" not in err


def test_a_preview_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ParameterError, match=r"The folder '.*file.*' for previews cannot be made .*; name another"):
        quick_augmenter(preview_path=tmp_path / "file").fit(*bars())


# Cut short, and gone on


STEPS = 23


@pytest.fixture
def often(monkeypatch, quick_judges):
    """A report every five steps, a checkpoint at each, and a held-out score at each other."""
    monkeypatch.setattr(loop, "_CHECK_EVERY", 5)
    monkeypatch.setattr(checkpoint, "_EVERY_SECONDS", 0.0)
    real = fitting.plan_training

    def scored_often(*arguments):
        architecture, plan = real(*arguments)
        return architecture, replace(plan, score_every=10)

    monkeypatch.setattr(fitting, "plan_training", scored_often)


def cut_short(monkeypatch, path, X, y, reports, **options):
    shown = fitting.show_progress

    def cut(progress, verbose):
        for i, now in enumerate(shown(progress, verbose)):
            if i == reports:
                raise KeyboardInterrupt
            yield now

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "show_progress", cut)
        with pytest.raises(KeyboardInterrupt):
            quick_augmenter(max_steps=STEPS, checkpoint_path=path, **options).fit(X, y)


def strengths(monkeypatch):
    """How much the generator was told of classes, at each step that is trained from here on."""
    found, real = [], loop.train_step

    def step(state, *rest):
        found.append(next(float(p.strength) for p in state.generator.modules() if isinstance(p, ClassVector)))
        real(state, *rest)

    monkeypatch.setattr(loop, "train_step", step)
    return found


@pytest.mark.parametrize("reports", [1, 2, 3])
@pytest.mark.parametrize(
    "options", [{}, {"loss": "hinge", "architecture": "residual", "augmentation": [*AUGMENTATIONS]}]
)
def test_resumed_fit_equals_one_that_was_never_cut_short(monkeypatch, often, tmp_path, reports, options):
    X, y = bars(120)
    path = tmp_path / "training.checkpoint"
    told = strengths(monkeypatch)
    whole = quick_augmenter(max_steps=STEPS, **options).fit(X, y)
    expected, told[:] = list(told), []
    cut_short(monkeypatch, path, X, y, reports, **options)
    told.clear()
    resumed = quick_augmenter(max_steps=STEPS, checkpoint_path=path, resume=True, **options).fit(X, y)
    assert sampled(resumed) == sampled(whole)
    assert equal(resumed.model_.generator.state_dict(), whole.model_.generator.state_dict())
    assert all(np.array_equal(resumed.history_[name], values) for name, values in whole.history_.items())
    assert len(set(whole.history_["held_out_score"])) > 1
    assert told == expected[5 * reports :]
    assert not path.exists()


def test_networks_are_told_of_classes_little_by_little_where_a_class_has_few_images(monkeypatch, often):
    told = strengths(monkeypatch)
    quick_augmenter(max_steps=STEPS).fit(*bars())
    assert told == pytest.approx([min(1.0, step / STEPS / 0.25) for step in range(STEPS)])
    told.clear()
    quick_augmenter(max_steps=STEPS).fit(*bars(400))
    assert told == [1.0] * STEPS


def test_checkpoint_of_other_changes_is_refused(monkeypatch, often, tmp_path):
    path = tmp_path / "training.checkpoint"
    cut_short(monkeypatch, path, *bars(), reports=2)
    with pytest.raises(ModelFileError, match="the checkpoint of another training: not the same augmentation"):
        quick_augmenter(max_steps=STEPS, checkpoint_path=path, resume=True, augmentation=["flip"]).fit(*bars())


# Collapse


def test_a_class_that_collapses_in_training_is_named_and_the_best_is_kept(monkeypatch, often, capfd):
    asked, kept = [], []
    real = loop._keep_best

    def collapsed(source, data, seed, budget):
        asked.append(seed)
        return [1] if len(asked) == 2 else []

    def keep_best(state, *rest):
        found = real(state, *rest)
        kept.append((state.step, state.rate, state.revivals))
        return found

    monkeypatch.setattr(fitting, "find_collapsed_classes", collapsed)
    monkeypatch.setattr(loop, "_keep_best", keep_best)
    X, y = bars()
    quick_augmenter(max_steps=33, verbose=2).fit(X, np.array(["lies", "stands"])[y])
    assert "class 'stands' collapsed by step 20: the generator goes back to its best" in capfd.readouterr().err
    assert [entry for entry in kept if entry[0] in (15, 20, 33)] == [(15, 1.0, 0), (20, 0.5, 1), (33, 0.5, 1)]
    assert len(asked) == 4  # at steps 10, 20, 30 and the last


# What cannot be learned from


def spoiled(change):
    X, y = bars()
    X = as_float(X)
    change(X, y)
    return X, y


def blank(X, y):
    X[:] = 3.0


def not_a_number(X, y):
    X[7, 0, 0] = np.nan


def lonely(X, y):
    y[:] = 0
    y[5] = 1


def measured(X, y):
    y[:] = 0
    return X, y + np.linspace(0, 1, len(y))


BAD = {
    "a single value": (lambda: spoiled(blank), "hold no other value than 3, so there is nothing to learn"),
    "not a number": (lambda: spoiled(not_a_number), "Image 7 holds NaN"),
    "one image of a class": (lambda: spoiled(lonely), "Class 1 has 1 image; a class needs at least 2 images"),
    "too few labels": (lambda: (bars()[0], [0, 1]), "X has 40 images and y has 2 labels"),
    "no labels": (lambda: (bars()[0], None), "the target y is None; give one label per image"),
    "one class": (lambda: (bars()[0], [1] * 40), "more than 1 class.*choose other labels, or add images of another"),
    "a missing label": (
        lambda: (bars()[0], [None, "b"] * 20),
        "missing in image 0.*drop the images.*Images count",
    ),
    "an infinite label": (
        lambda: (bars()[0], np.r_[np.inf, [0.0, 1.0, 1.0] * 13]),
        "infinite in image 0.*drop the",
    ),
    "one image of each class": (
        lambda: (bars()[0], range(40)),
        "40 classes for 40 images.*collect more images",
    ),
    "six images": (lambda: bars(6), "6 images to learn from .*at least 8 images in 2 classes"),
    "labels that measure": (lambda: measured(*bars()), "continuous numbers.*Choose other labels, or cut them"),
    "a loader": (
        lambda: (DataLoader(TensorDataset(torch.zeros(9, 8, 8))), None),
        r"X is a DataLoader.*loader\.dataset",
    ),
    "too small": (lambda: bars(height=7), r"7 x 8 pixels.*8 to 256 a side"),
    "too large": (lambda: bars(12, height=257), "257 x 8 pixels"),
    "sizes differ": (lambda: ([np.zeros((8, 8)), np.zeros((8, 9))] * 8, [0, 1] * 8), r"Image 1 is .*\(8, 9\)"),
    "five dimensions": (lambda: (np.zeros((9, 8, 8, 1, 1)), [0, 1, 2] * 3), "of no kind that ganaug knows"),
    "an iterable data set": (lambda: (Stream(), None), "Stream is an iterable data set.*read it once"),
}


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(("make", "complaint"), BAD.values(), ids=BAD)
def test_images_that_cannot_be_learned_from_are_refused_before_any_training(monkeypatch, make, complaint):
    monkeypatch.setattr(fitting, "train_gan", lambda *_: pytest.fail("trains"))
    augmenter = quick_augmenter()
    with pytest.raises(DataError, match=complaint):
        augmenter.fit(*make())
    assert not hasattr(augmenter, "model_")


@pytest.mark.parametrize(
    ("ask", "error", "complaint"),
    [
        (
            lambda a: a.sample(y=[0, 9]),
            DataError,
            "label 9 in image 1 is none of the classes: 0, 1.*drop the image",
        ),
        (lambda a: a.sample(3, y=[0, 1]), ParameterError, "2 labels, one for each image; leave n out"),
        (lambda a: a.resample(bars()[0], [0, None] * 20), DataError, "missing in image 1; drop the images"),
        (
            lambda a: clone_of(a, sampling_strategy={0: 1}).resample(*bars()),
            ParameterError,
            "the number of its images afterwards",
        ),
    ],
)
def test_mistakes_after_fit_speak_of_images(fitted, ask, error, complaint):
    with pytest.raises(error, match=complaint):
        ask(fitted)


def clone_of(fitted, **options):
    """The same model with other options."""
    return copy(fitted).set_params(**options)


def test_a_loaded_model_still_speaks_of_images(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    with pytest.raises(DataError, match="label 9 in image 0"):
        GANAugmenter.load(tmp_path / "model.safetensors").sample(y=[9])


def test_a_skipped_class_is_one_of_a_single_image():
    X, y = bars()
    augmenter = quick_augmenter(skip_rare=True, sampling_strategy={2: 5}).fit(X, np.r_[2, y[1:]])
    with pytest.raises(ParameterError, match="Class 2 had a single image and was skipped"):
        augmenter.sample(1, y=2)
    with pytest.raises(ParameterError, match="single image and was skipped in training; no images can be made"):
        augmenter.resample(X, np.r_[2, y[1:]])


def test_images_that_are_said_to_be_a_table_are_refused():
    with pytest.raises(DataError, match=r"two dimensions, and X has the shape \(40, 10, 8\)"):
        quick_augmenter(modality="table").fit(*bars())


def test_other_images_than_were_learned_are_not_filled_up(fitted):
    with pytest.raises(DataError, match=r"uint8 of shape \(11, 8\) each, but uint8 of shape \(10, 8\) were learned"):
        fitted.resample(*bars(height=11))
