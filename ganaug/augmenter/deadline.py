"""Know what is left of the seconds that a fit may take."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class Deadline:
    """End of a fit.

    Attributes
    ----------
    most : float
        Seconds that the fit may take; infinity without a budget.
    started : float
        Start of the fit on the monotonic clock.
    score : float
        Seconds that the last held-out score took.
    """

    most: float = math.inf
    started: float = field(default_factory=lambda: time.monotonic())
    score: float = 0.0

    @classmethod
    def of(cls, max_seconds: float | None) -> Deadline:
        """Return the end of a fit that starts now."""
        return cls(math.inf if max_seconds is None else float(max_seconds))

    @property
    def is_set(self) -> bool:
        """Whether there is a budget."""
        return math.isfinite(self.most)

    def left(self) -> float:
        """Return the seconds that are left; negative when it is late."""
        return self.most - (time.monotonic() - self.started)

    def fits(self, scores: int) -> bool:
        """Return whether there is time left for so many scores."""
        return self.left() > scores * self.score

    def reserve(self, share: float) -> float:
        """Return the seconds that have passed, and `share` of those that are left."""
        return self.most - (1 - share) * self.left() if self.is_set else 0.0
