"""What a coder says of the model's words: an opinion of theirs, which changes no label."""

from __future__ import annotations

from enum import StrEnum


class Remark(StrEnum):
    """The newest remark of a coder on a place in a protocol is the one that counts."""

    not_evidence = "not_evidence"  # the model's word does not speak for the level
    missed = "missed"  # it does, and the model did not mark it
    withdrawn = "withdrawn"  # an earlier remark no longer holds
