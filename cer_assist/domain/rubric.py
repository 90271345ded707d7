"""A rubric version is a text that never changes: every label pins its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cer_assist.domain.errors import InvalidInput

MIN_LEVELS, MAX_LEVELS = 3, 7


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)


class RubricExample(_Strict):
    """A short text with the reason why it belongs to its level."""

    text: str = Field(min_length=1)
    why: str = Field(min_length=1)


class RubricLevel(_Strict):
    """One level of the scale."""

    value: int = Field(ge=0, le=7)
    name: str = Field(min_length=1, max_length=60)
    definition: str = Field(min_length=1)
    include: tuple[str, ...] = Field(min_length=1, strict=False)
    exclude: tuple[str, ...] = Field(min_length=1, strict=False)
    examples: tuple[RubricExample, ...] = Field(default=(), strict=False)
    cue_words: tuple[str, ...] = Field(default=(), strict=False)


class RubricFile(_Strict):
    """What a rubric's file must hold."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    version: int = Field(ge=1)
    title: str = Field(min_length=1)
    source: str = ""
    instruction: str = Field(min_length=1)
    terms: dict[str, str] = Field(default_factory=dict)
    levels: tuple[RubricLevel, ...] = Field(
        min_length=MIN_LEVELS, max_length=MAX_LEVELS, strict=False
    )
    decision_rules: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _levels_in_order(self) -> RubricFile:
        values = [level.value for level in self.levels]
        if values[0] not in (0, 1) or values != list(range(values[0], values[0] + len(values))):
            raise ValueError(f"levels must count up by one from 0 or 1, found {values}")
        names = [level.name.casefold() for level in self.levels]
        if len(set(names)) != len(names):
            raise ValueError("two levels have the same name")
        return self


@dataclass(frozen=True)
class Rubric:
    """A validated rubric version together with the exact text it came from."""

    id: str
    version: int
    title: str
    source: str
    instruction: str
    terms: dict[str, str]
    levels: tuple[RubricLevel, ...]
    decision_rules: tuple[str, ...]
    text: str
    sha256: str

    @property
    def scale(self) -> tuple[int, ...]:
        """The level values in order, such as (1, 2, 3, 4, 5)."""
        return tuple(level.value for level in self.levels)

    def level(self, value: int) -> RubricLevel:
        """The level with this value."""
        for level in self.levels:
            if level.value == value:
                return level
        raise InvalidInput(
            f"Level {value} is not on the scale of rubric {self.id} version {self.version}: "
            f"choose {self.scale[0]} to {self.scale[-1]}."
        )


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML silently keeps the last of two equal keys; a rubric must not lose a definition so."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


@lru_cache(maxsize=64)  # published, compared and served it is the same text
def parse_rubric(text: str, source_name: str = "rubric") -> Rubric:
    """Validate a rubric's YAML text; every fault is named with its place."""
    try:
        data = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - derives from SafeLoader
    # A key that is a list, a date that is none, and brackets a thousand deep are no YAML errors.
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{source_name} is not valid YAML: {error}") from error
    try:
        checked = RubricFile.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise InvalidInput(f"{source_name} is not a usable rubric: {faults}") from error
    return Rubric(
        **{name: getattr(checked, name) for name in RubricFile.model_fields},
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
