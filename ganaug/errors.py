"""Every error that ganaug raises on purpose.

::

    GanaugError
    ├── DataError (also ValueError)        a table, an array or a label that cannot be learned from
    ├── ParameterError (also ValueError)   an option that is out of range or does not apply
    ├── TrainingError (also RuntimeError)  training that could not be completed
    └── ModelFileError                     a file that is not a sound ganaug model
"""

_LONGEST = 1000  # characters of a line; values are quoted in it, and a value can be a novel


class GanaugError(Exception):
    """Base of every error that ganaug raises on purpose; ``except GanaugError`` catches them all."""

    def __str__(self) -> str:
        """Return the text; of a line that is long the middle is left out, because the cure stands at the end."""
        return "\n".join(map(_shortened, super().__str__().split("\n")))


class DataError(GanaugError, ValueError):
    """The data cannot be learned from; the text names column, row or file, value and cure."""


class ParameterError(GanaugError, ValueError):
    """An option has a value it may not have; the text gives every such option at once."""


class TrainingError(GanaugError, RuntimeError):
    """Training could not be completed; the text says at which step and what to try."""


class ModelFileError(GanaugError):
    """The file is damaged, foreign, or was written by a newer ganaug."""


class DataWarning(UserWarning):
    """Something about the data, or the time for them, that changes what is learned, such as an identifier left out."""


class CollapseWarning(UserWarning):
    """A class whose synthetic samples vary far less than its real ones."""


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 400]} ... {line[-380:]}"
