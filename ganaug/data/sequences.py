"""Recognise sequences of images and data sets of images by how they behave, whatever their class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor
from torch.utils.data import Dataset

from .fields import is_nested, list_fields
from .items import is_image


def is_dataset(data: Any) -> bool:
    """Return whether something is a map-style or iterable data set of torch, or behaves like one that holds images.

    That is what has ``__len__`` and ``__getitem__`` and a first item that is an image, or a tuple, list or mapping with
    an image in it; such as a data set or a column of Hugging Face, or a list of pairs. At most its first item is read.
    """
    if isinstance(data, Dataset):
        return True
    if isinstance(data, str | bytes | Mapping | np.ndarray | Tensor | pd.DataFrame | pd.Series):
        return False
    try:
        if not len(data):
            return False
        first = data[0]
    except (TypeError, KeyError, IndexError, AttributeError, ValueError):  # no sequence
        return False
    except Exception:  # a damaged item, which is named when all are read
        return True
    return is_image(first) or (is_nested(first) and any(map(is_image, list_fields(first).values())))
