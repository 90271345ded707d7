"""Makes the shared fixtures known in this folder."""

from tests.learning.shared import cache, demo, encoder, rubric

__all__ = ["cache", "demo", "encoder", "rubric"]
