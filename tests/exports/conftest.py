"""Exports are read back as imports are."""

from tests.imports.conftest import small_heap

__all__ = ["small_heap"]
