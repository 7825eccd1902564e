"""Write and read model files: tensors and plain JSON in one safetensors file, checked on reading."""

from .content import FORMAT_VERSION, PathLike, TensorSpec, digest
from .optimizer import flatten_optimizer, restore_optimizer
from .reading import read_metadata, read_model
from .writing import write_model

__all__ = [
    "FORMAT_VERSION",
    "PathLike",
    "TensorSpec",
    "digest",
    "flatten_optimizer",
    "read_metadata",
    "read_model",
    "restore_optimizer",
    "write_model",
]
