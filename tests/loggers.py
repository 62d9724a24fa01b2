"""Loggers as they were, after something has set up those of a service."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.observe.logs import StandardError


@contextmanager
def kept() -> Iterator[None]:
    """Take our handler off again after the block, and set the level back."""
    root = logging.getLogger()
    level = root.level
    try:
        yield
    finally:
        for handler in [each for each in root.handlers if isinstance(each, StandardError)]:
            root.removeHandler(handler)
        root.setLevel(level)
        logging.captureWarnings(False)
