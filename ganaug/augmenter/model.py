"""Hold a trained model, and write and read its file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, TypedDict

import torch
from msgspec import Meta
from torch import Tensor

from ..data.labels import MAX_CLASSES, Labels
from ..errors import GanaugError, ModelFileError
from ..filters import FILTERS, Judge, Samples, sum_log_weights
from ..filters.trees import Trees
from ..layers import fill_tables
from ..modality import Architecture, Encoder, Generator, Learner, Modality, get_pack
from ..params import Rule, check_params, choice, integer
from ..records import decode
from ..storage import TensorSpec, digest, read_model, write_model
from ..training import HISTORY
from .options import RULES
from .streams import Source

_VALIDATED_CLASSES = 10  # classes sampled to validate a file
_BLOCK_CELLS, _LEAST_BLOCK = 2**23, 32  # values, and samples, generated at once at the most, and at the least
_SIZES = {
    "latent_dim": RULES["latent_dim"],
    "width": RULES["width"],
    "n_classes": integer(1, MAX_CLASSES),
    "spectral_norm": choice(False, True),
    "batch_norm": choice(False, True),
    "kind": Rule("text", lambda v: isinstance(v, str)),
}
"""Rules for the architecture in a file: the same limits as for the options of a user."""


_Share = Annotated[float, Meta(ge=0, le=1)]


class _FilterFacts(TypedDict):
    strengths: dict[str, float]


class _Facts(TypedDict):
    """The facts of every training; there may be more."""

    n_rows: int
    held_out: int
    seed: int
    seconds: float
    filters: _FilterFacts
    diversity: dict[str, float]
    scores: list[tuple[int, float]]


@dataclass
class Model:
    """Everything that was learned, without any training rows.

    Attributes
    ----------
    modality : Modality
        Kind of data.
    encoder : Encoder
        The fitted encoder.
    labels : Labels
        The classes.
    prior : list of float
        Share of each class in the training rows; 0 for a class too rare to learn.
    architecture : Architecture
        Sizes of the networks.
    generator : Generator
        On the CPU, in evaluation mode, without gradients.
    judges : list of Judge
        Filters in use.
    history : Tensor of shape (steps, 4)
        The quantities of `training.HISTORY` at each step.
    facts : dict
        Options, scores, seed, seconds, filters and diversity, as plain JSON.
    origin : dict
        "ganaug_version" and "format_version" of the file from which the model was read; empty if there is none.
    """

    modality: Modality
    encoder: Encoder
    labels: Labels
    prior: list[float]
    architecture: Architecture
    generator: Generator
    judges: list[Judge]
    history: Tensor
    facts: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)

    def source(self, latent_scale: float = 1.0) -> Source:
        """Return the source of its samples."""
        return make_source(self.modality, self.encoder, self.generator, self.judges, self.architecture, latent_scale)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file."""
        more = {"kind": "model", "steps": len(self.history), "facts": self.facts}
        write_model(path, self._tensors() | {"history": self.history}, self._description() | more)

    def digest(self) -> str:
        """Return the SHA-256 of all on which its samples depend; that of a model that was saved and loaded is equal."""
        return digest(self._tensors(), self._description())

    def _tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the generator and of the judges by name."""
        tensors = {f"generator.{k}": v for k, v in self.generator.state_dict().items()}
        for judge in self.judges:
            tensors |= judge.tensors()
        return tensors

    def _description(self) -> dict[str, Any]:
        """Return what the tensors mean, as plain JSON."""
        return {
            "modality": self.modality.name,
            "schema": self.encoder.to_json(),
            "labels": self.labels.to_json(),
            "prior": self.prior,
            "architecture": asdict(self.architecture),
            "judges": [judge.to_json() for judge in self.judges],
        }

    @classmethod
    def load(cls, path: str | os.PathLike[str], modalities: Mapping[str, Modality]) -> Model:
        """Read a model file.

        Parameters
        ----------
        path : path-like
            File that `save` wrote.
        modalities : mapping of name to Modality
            Known modalities; a file never names code.

        Raises
        ------
        ModelFileError
            The file is damaged, is no model, or is newer than this version, or its modality is not among `modalities`.
        """
        # 1. Read tensors and metadata, once the metadata say which tensors to expect
        built: list[Generator] = []
        tensors, metadata = read_model(path, _make_expect(path, modalities, built))

        # 2. Build the parts, and sample with them
        modality = modalities[metadata["modality"]]
        with as_model_file_error(path):
            generator = built[-1].to_empty(device="cpu")
            generator.load_state_dict(_select_tensors(tensors, "generator"), assign=True)
            fill_tables(generator)
            model = cls(
                modality,
                modality.encoder.from_json(metadata["schema"]),
                Labels.from_json(metadata["labels"], modality.unit),
                decode(metadata["prior"], list[_Share]),
                Architecture(**metadata["architecture"]),
                generator.eval().requires_grad_(False),
                [Judge.from_json(facts, tensors, get_learner(modality)) for facts in metadata["judges"]],
                tensors["history"],
                dict(metadata["facts"]),
                {name: metadata[name] for name in ("ganaug_version", "format_version")},
            )
            model._validate_by_sampling()
        return model

    def _validate_by_sampling(self) -> None:
        """Make a few samples: parts that do not fit together fail here, where the error can name the file."""
        n = self.architecture.n_classes
        if not len(self.prior) == len(self.labels.values) == n:
            raise ValueError(f"there are {len(self.prior)} shares of {len(self.labels.values)} classes, {n} in all")
        if not any(self.prior):
            raise ValueError("all shares of the classes are 0")
        decode(self.facts, _Facts)
        codes = torch.arange(min(n, _VALIDATED_CLASSES))
        z = torch.zeros(len(codes), self.architecture.latent_dim)
        noise = torch.full((len(codes), self.generator.noise_dim), 0.5)
        x = self.generator.make_sampler(get_pack(self.encoder))(z, codes, noise)
        sum_log_weights(self.judges, Samples(self.encoder.features(x), codes))
        self.encoder.inverse_transform(x, 0, 0)


@contextmanager
def as_model_file_error(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn any error in this context into a ModelFileError that names the file."""
    try:
        yield
    except GanaugError as error:
        raise ModelFileError(f"{os.fspath(path)} holds facts that do not fit together: {error}") from error
    except Exception as error:
        text = f"{type(error).__name__}: {str(error)[:200]}"
        raise ModelFileError(
            f"{os.fspath(path)} holds facts that do not fit together ({text}); train again."
        ) from error


def make_source(
    modality: Modality,
    encoder: Encoder,
    generator: Generator,
    judges: Sequence[Judge],
    architecture: Architecture,
    latent_scale: float = 1.0,
) -> Source:
    """Return the source of the samples of a model, from the parts of the model; large samples come in small blocks."""
    latent = architecture.latent_dim, latent_scale
    block = min(modality.block, max(_LEAST_BLOCK, _BLOCK_CELLS // encoder.n_features))
    return Source(generator, encoder.features, judges, *latent, block, modality.oversampling, pack=get_pack(encoder))


def get_learner(modality: Modality) -> Learner:
    """Return the learner of the classifiers that judge candidates of a modality."""
    return Trees if modality.learner is None else modality.learner


def _select_tensors(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key[len(name) + 1 :]: value for key, value in tensors.items() if key.startswith(f"{name}.")}


def _make_expect(
    path: str | os.PathLike[str], modalities: Mapping[str, Modality], built: list[Generator]
) -> Callable[[dict[str, Any]], dict[str, TensorSpec]]:
    """Return a function from metadata to the tensors of a model file; it appends the empty generator to `built`."""

    def expect(metadata: dict[str, Any]) -> dict[str, TensorSpec]:
        if metadata.get("kind") != "model":
            raise ModelFileError(f"{os.fspath(path)} is a {metadata.get('kind', 'file')} of ganaug, not a model.")
        if metadata["modality"] not in modalities:
            raise ModelFileError(
                f"{os.fspath(path)} is a model of {metadata['modality']!r} data, which this version does not know; "
                f"known: {', '.join(modalities)}. Upgrade ganaug, or give the modality to GANAugmenter.load."
            )
        architecture = Architecture(**metadata["architecture"])
        check_params("Architecture", asdict(architecture), _SIZES)
        modality = modalities[metadata["modality"]]
        generator = modality.generator(metadata["schema"], architecture)
        built.append(generator)
        specs = {f"generator.{k}": TensorSpec(v.dtype, tuple(v.shape)) for k, v in generator.state_dict().items()}
        if len({facts["name"] for facts in metadata["judges"]}) < len(metadata["judges"]):
            raise ValueError(
                "it has the same filter twice"
            )  # a small file could name the same tensors a thousand times
        for facts in metadata["judges"]:
            if facts["name"] not in FILTERS:
                raise ModelFileError(
                    f"{os.fspath(path)} has the filter {facts['name']!r}, which this version does not know; known: "
                    f"{', '.join(FILTERS)}. Upgrade ganaug."
                )
            specs |= {name: TensorSpec(*spec) for name, spec in Judge.expected(facts, get_learner(modality)).items()}
        specs["history"] = TensorSpec(torch.float32, (metadata["steps"], len(HISTORY)))
        return specs

    return expect
