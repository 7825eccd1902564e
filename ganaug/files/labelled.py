"""Join rows and their labels to one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..data.foreign import to_pandas


def join_label(X: Any, y: Any) -> pd.DataFrame:
    """Return rows and labels as one table, with the label column at its place in the training table.

    Parameters
    ----------
    X : frame or ndarray, shape (n, d)
        Rows, as `GANAugmenter.sample` returns them. Columns of an array are called "x0", "x1" and so on.
    y : array-like of shape (n,), or one-vs-all indicators of shape (n, n_classes)
        Their labels; of indicators the positions become labels.

    Returns
    -------
    pandas.DataFrame, shape (n, d + 1)
        Columns in the order of the table that `read_table` read and the command line trained on; the label is last
        elsewhere. It is called as `y` is, or "target", with underscores after it if a column of rows has that name.

    See Also
    --------
    write_table : Writes such tables.

    Examples
    --------
    >>> import pandas as pd
    >>> from ganaug import join_label
    >>> join_label(pd.DataFrame({"age": [31, 47]}), pd.Series(["yes", "no"], name="paid"))
       age paid
    0   31  yes
    1   47   no
    """
    X, y = to_pandas(X), to_pandas(y)
    if not isinstance(X, pd.DataFrame):
        X = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    y = _as_column(y)
    names = [str(name) for name in X.columns]
    label = str(y.name) if getattr(y, "name", None) is not None else "target"
    while label in names:
        label += "_"
    frame: pd.DataFrame = X.set_axis(names, axis=1)
    frame[label] = y.array if isinstance(y, pd.Series) else y
    order = [name for name in X.attrs.get("column_order", []) if name in frame.columns]
    frame = frame[[*order, *(name for name in frame.columns if name not in order)]]
    frame.attrs = dict(X.attrs)
    return frame


def _as_column(y: Any) -> Any:
    """Return labels as something of one dimension."""
    if isinstance(y, pd.DataFrame):
        return y.iloc[:, 0]
    if getattr(y, "ndim", 1) == 2:
        return np.asarray(y).argmax(1) if y.shape[1] > 1 else np.asarray(y).ravel()
    return y
