"""Conditional-GAN data augmentation for scikit-learn and PyTorch.

* Augment: `GANAugmenter`, `GaussianCopula`, `SwapNoise`.
* Judge the result: `gain_report`, `expected_gain`, `TunedAugmenterCV`, `PriorCorrectedClassifier`, `ganaug.metrics`.
* Look at it: `GainReport.plot`, `GANAugmenter.plot_history`, `GANAugmenter.plot_columns`, `ganaug.plots`.
* Train a better classifier: `DistilledClassifier`, `CrossFittedTeacher`.
* Train in PyTorch: `augment_loader`, `MixedDataset`, `SyntheticMix`, `Loss`.
* Read and write: `read_table`, `write_table`, `read_image_folder`, `write_image_folder` and others.

All public names are listed in docs/api.md, the guide is in docs/guide. A name is imported when it is first used, so
``import ganaug`` itself is fast and loads no PyTorch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .augmenter import GANAugmenter
    from .errors import (
        CollapseWarning,
        DataError,
        DataWarning,
        GanaugError,
        ModelFileError,
        ParameterError,
        TrainingError,
    )
    from .files.labelled import join_label
    from .files.tables import read_table, write_table
    from .gain import (
        CrossFittedTeacher,
        DistilledClassifier,
        ExpectedGain,
        GainReport,
        GaussianCopula,
        ImageClassifier,
        PriorCorrectedClassifier,
        SwapNoise,
        TunedAugmenterCV,
        expected_gain,
        gain_report,
    )
    from .image import (
        augment_image_folder,
        is_image_file,
        list_image_folder,
        read_image_folder,
        write_image_folder,
    )
    from .losses import Loss
    from .mixing import MixedDataset, SyntheticMix, augment_loader

    __version__: str

__all__ = [
    "CollapseWarning",
    "CrossFittedTeacher",
    "DataError",
    "DataWarning",
    "DistilledClassifier",
    "ExpectedGain",
    "GANAugmenter",
    "GainReport",
    "GanaugError",
    "GaussianCopula",
    "ImageClassifier",
    "Loss",
    "MixedDataset",
    "ModelFileError",
    "ParameterError",
    "PriorCorrectedClassifier",
    "SwapNoise",
    "SyntheticMix",
    "TrainingError",
    "TunedAugmenterCV",
    "__version__",
    "augment_image_folder",
    "augment_loader",
    "expected_gain",
    "gain_report",
    "is_image_file",
    "join_label",
    "list_image_folder",
    "read_image_folder",
    "read_table",
    "write_image_folder",
    "write_table",
]

_MODULES = {
    "augmenter": ["GANAugmenter"],
    "errors": [
        "CollapseWarning",
        "DataError",
        "DataWarning",
        "GanaugError",
        "ModelFileError",
        "ParameterError",
        "TrainingError",
    ],
    "files.labelled": ["join_label"],
    "files.tables": ["read_table", "write_table"],
    "gain": [
        "CrossFittedTeacher",
        "DistilledClassifier",
        "ExpectedGain",
        "GainReport",
        "GaussianCopula",
        "ImageClassifier",
        "PriorCorrectedClassifier",
        "SwapNoise",
        "TunedAugmenterCV",
        "expected_gain",
        "gain_report",
    ],
    "image": [
        "augment_image_folder",
        "is_image_file",
        "list_image_folder",
        "read_image_folder",
        "write_image_folder",
    ],
    "losses": ["Loss"],
    "mixing": ["MixedDataset", "SyntheticMix", "augment_loader"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
_SUBMODULES = ("losses", "messages", "metrics", "plots")  # public, so that ganaug.metrics works after `import ganaug`


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    import importlib
    import importlib.metadata

    value: object
    if name == "__version__":
        value = importlib.metadata.version("ganaug")
    elif name in _SUBMODULES:
        value = importlib.import_module(f".{name}", __name__)
    elif name in _MODULE_OF:
        value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    dunders = [name for name in globals() if name.startswith("__")]
    return sorted({*dunders, *__all__, *_SUBMODULES})
