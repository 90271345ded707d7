"""As much of Thrift's compact form as the footer of a Parquet file needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TRUE, I32, I64, BINARY, LIST, STRUCT = 1, 5, 6, 8, 9, 12
_FALSE, _SHORT, _LONG_LIST = 2, 4, 15


@dataclass(frozen=True, slots=True)
class Field:
    """One field: number, kind, and its value; of a list (kind of item, items)."""

    number: int
    kind: int
    value: Any


def struct_bytes(*fields: Field) -> bytes:
    """A struct of these fields, which stand in order of number."""
    out = bytearray()
    last = 0
    for field in fields:
        out.append((field.number - last) << 4 | field.kind)
        out += _value(field.kind, field.value)
        last = field.number
    return bytes(out) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    if kind == TRUE:  # the kind says it
        return b""
    if kind in (I32, I64):
        return varint(value << 1)  # zigzag of what is never negative
    if kind == BINARY:
        return varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return bytes(value)
    item, items = value
    size = len(items)
    head = bytes([size << 4 | item]) if size < _LONG_LIST else bytes([0xF0 | item]) + varint(size)
    return head + b"".join(_value(item, one) for one in items)


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def parse_struct(data: bytes, at: int) -> tuple[dict[int, Any], int]:
    """The fields of the struct at a place, by number, and the place after it."""
    fields: dict[int, Any] = {}
    number = 0
    while (head := data[at]) != 0:
        at += 1
        kind, step = head & 15, head >> 4
        if step == 0:
            raise ValueError("a field far from the one before it")
        number += step
        fields[number], at = _parse(data, at, kind)
    return fields, at + 1


def _parse(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (TRUE, _FALSE):
        return kind == TRUE, at
    if kind in (_SHORT, I32, I64):
        number, at = _parse_varint(data, at)
        return number >> 1 ^ -(number & 1), at
    if kind == BINARY:
        length, at = _parse_varint(data, at)
        return data[at : at + length], at + length
    if kind == STRUCT:
        return parse_struct(data, at)
    if kind != LIST:
        raise ValueError(f"kind {kind} of field")
    size, item = data[at] >> 4, data[at] & 15
    at += 1
    if size == _LONG_LIST:
        size, at = _parse_varint(data, at)
    items = []
    for _ in range(size):
        one, at = _parse(data, at, item)
        items.append(one)
    return items, at


def _parse_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
