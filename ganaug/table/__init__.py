"""Tables: column kinds, the reversible encoding, networks, and files in and out."""

from typing import Any

import numpy as np
import pandas as pd

from ..modality import Modality
from .encoder import TableEncoder
from .networks import table_discriminator, table_generator
from .score import held_out_score


def accepts(X: Any) -> bool:
    """Return whether `X` is a table: a frame, or anything with two dimensions."""
    return isinstance(X, pd.DataFrame) or np.ndim(X) == 2


TABLE = Modality("table", accepts, TableEncoder, table_generator, table_discriminator, held_out_score)

__all__ = ["TABLE"]
