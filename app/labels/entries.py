"""The shape of a table of labels."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

Entries: TypeAlias = dict[type[StrEnum], Mapping[str, tuple[str, str]]]
"""Enum to value to (Chinese, English)."""
