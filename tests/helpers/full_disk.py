"""A disk that is full at any byte."""

from __future__ import annotations


class Limited:
    """Let no file grow beyond a number of bytes, as on a full disk."""

    def __init__(self, size):
        self.size = size

    def __enter__(self):
        import resource

        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
