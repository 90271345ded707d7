"""Parquet written and read by hand: the usual library takes 120 MB, for a few kinds of value.

A file is row groups of plain pages packed with gzip, then a footer in Thrift's compact form that
says where each page is. Only what stands in our columns is known: integers, numbers, texts, truth
values and moments, each of which may be missing. `tests/exports/test_received.py` has other
programs read it.
"""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.cells import compact_json, truth
from cer_assist.exports.columns import Column, Kind
from cer_assist.exports.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    TRUE,
    Field,
    parse_struct,
    struct_bytes,
    varint,
)

MAGIC = b"PAR1"
_BOOLEAN, _INT64, _DOUBLE, _BYTE_ARRAY = 0, 2, 5, 6
_PHYSICAL: dict[Kind, int] = {
    "integer": _INT64, "number": _DOUBLE, "text": _BYTE_ARRAY, "json": _BYTE_ARRAY,
    "boolean": _BOOLEAN, "timestamp": _INT64, "time": _BYTE_ARRAY,
}  # fmt: skip
_PLAIN_KINDS: dict[int, Kind] = {
    _BOOLEAN: "boolean", _INT64: "integer", _DOUBLE: "number", _BYTE_ARRAY: "text"
}  # fmt: skip
_OPTIONAL, _UTF8, _MICROS, _PLAIN, _RLE, _GZIP, _DATA_PAGE = 1, 0, 10, 0, 3, 2, 0
_EPOCH, _MICROSECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
# Logical types: a string; a moment in UTC, counted in microseconds.
_STRING = struct_bytes(Field(1, STRUCT, struct_bytes()))
_UNIT = struct_bytes(Field(2, STRUCT, struct_bytes()))
_MOMENT = struct_bytes(
    Field(8, STRUCT, struct_bytes(Field(1, TRUE, True), Field(2, STRUCT, _UNIT)))
)
_GROUP_ROWS, _GROUP_CHARACTERS = 2_000, 8_000_000
_PACKING_LEVEL = 1
_MAX_FOOTER = 16 * 2**20
_DAMAGED = "The Parquet file is damaged or was not written by CER Assist: export anew."
Rows = Iterable[Mapping[str, Any]]


def write_parquet(file: IO[bytes], columns: Sequence[Column], rows: Rows) -> int:
    """Write rows under columns; gives their number. The file is only ever appended to."""
    target = _Counted(file)
    target.write(MAGIC)
    groups: list[bytes] = []
    total = 0
    for group in _groups(rows):
        groups.append(_write_group(target, columns, group))
        total += len(group)
    footer = struct_bytes(
        Field(1, I32, 1),
        Field(2, LIST, (STRUCT, _schema(columns))),
        Field(3, I64, total),
        Field(4, LIST, (STRUCT, groups)),
        Field(6, BINARY, b"CER Assist"),
    )
    target.write(footer + struct.pack("<I", len(footer)) + MAGIC)
    return total


class _Counted:
    """Knows where in the file the next byte goes, in files that cannot tell."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.at = 0

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)
        self.at += len(data)


def _groups(rows: Rows) -> Iterator[list[Mapping[str, Any]]]:
    """Few enough rows at a time that their texts may be held."""
    group: list[Mapping[str, Any]] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += len(row.get("text") or "")
        if len(group) == _GROUP_ROWS or characters >= _GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _schema(columns: Sequence[Column]) -> list[bytes]:
    root = struct_bytes(Field(4, BINARY, b"rows"), Field(5, I32, len(columns)))
    return [root, *(_element(column) for column in columns)]


def _element(column: Column) -> bytes:
    physical = _PHYSICAL[column.kind]
    fields = [
        Field(1, I32, physical),
        Field(3, I32, _OPTIONAL),
        Field(4, BINARY, column.name.encode()),
    ]
    if physical == _BYTE_ARRAY:
        fields += [Field(6, I32, _UTF8), Field(10, STRUCT, _STRING)]
    if column.kind == "timestamp":
        fields += [Field(6, I32, _MICROS), Field(10, STRUCT, _MOMENT)]
    return struct_bytes(*fields)


def _write_group(
    target: _Counted, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]
) -> bytes:
    chunks = [_write_chunk(target, column, rows) for column in columns]
    return struct_bytes(
        Field(1, LIST, (STRUCT, [chunk for chunk, _ in chunks])),
        Field(2, I64, sum(size for _, size in chunks)),
        Field(3, I64, len(rows)),
    )


def _write_chunk(
    target: _Counted, column: Column, rows: Sequence[Mapping[str, Any]]
) -> tuple[bytes, int]:
    values = [row[column.name] for row in rows]
    body = _levels(values) + _plain(column, [value for value in values if value is not None])
    packed = _gzip(body)
    at = target.at
    page = struct_bytes(
        Field(1, I32, _DATA_PAGE),
        Field(2, I32, len(body)),
        Field(3, I32, len(packed)),
        Field(5, STRUCT, struct_bytes(
            Field(1, I32, len(values)), Field(2, I32, _PLAIN), Field(3, I32, _RLE),
            Field(4, I32, _RLE),
        )),
    )  # fmt: skip
    target.write(page)
    target.write(packed)
    whole = len(page) + len(body)
    meta = struct_bytes(
        Field(1, I32, _PHYSICAL[column.kind]),
        Field(2, LIST, (I32, [_PLAIN, _RLE])),
        Field(3, LIST, (BINARY, [column.name.encode()])),
        Field(4, I32, _GZIP),
        Field(5, I64, len(values)),
        Field(6, I64, whole),
        Field(7, I64, target.at - at),
        Field(9, I64, at),
    )
    return struct_bytes(Field(2, I64, at), Field(3, STRUCT, meta)), whole


def _levels(values: Sequence[Any]) -> bytes:
    """One bit a row says whether it has a value: runs of eight, the first row in the lowest bit."""
    bits = _bits([value is not None for value in values])
    run = varint(len(bits) << 1 | 1) + bits
    return struct.pack("<I", len(run)) + run


def _bits(values: Sequence[Any]) -> bytes:
    bits = bytearray((len(values) + 7) // 8)
    for place, value in enumerate(values):
        if value:
            bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def _plain(column: Column, values: Sequence[Any]) -> bytes:
    if column.kind == "boolean":
        return _bits([truth(value) for value in values])
    if column.kind == "timestamp":
        values = [(dt.datetime.fromisoformat(value) - _EPOCH) // _MICROSECOND for value in values]
    if column.kind in ("integer", "timestamp"):
        return struct.pack(f"<{len(values)}q", *values)
    if column.kind == "number":
        return struct.pack(f"<{len(values)}d", *values)
    texts = map(compact_json, values) if column.kind == "json" else map(str, values)
    pieces: list[bytes] = []
    for text in texts:
        data = text.encode()
        pieces += (struct.pack("<I", len(data)), data)
    return b"".join(pieces)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(_PACKING_LEVEL, wbits=31)
    return packer.compress(body) + packer.flush()


def read_parquet(data: bytes, kinds: Mapping[str, Kind]) -> Iterator[dict[str, Any]]:
    """The rows of a file that `write_parquet` made; JSON values stay texts, moments become texts.

    Columns of no known kind, which only exports of snapshots have, are what the file says.
    """
    length = struct.unpack("<I", data[-8:-4])[0] if data[-4:] == MAGIC else _MAX_FOOTER
    if length >= _MAX_FOOTER or length + 12 > len(data):
        raise InvalidInput(_DAMAGED)
    try:
        footer, _ = parse_struct(data, len(data) - 8 - length)
        for group in footer[4]:
            columns: dict[str, list[Any]] = {}
            for chunk in group[1]:
                name = chunk[3][3][0].decode()
                kind = _kind_there(kinds.get(name), chunk[3][1])
                columns[name] = _read_chunk(data, chunk[3], kind)
            for values in zip(*columns.values(), strict=True):
                yield dict(zip(columns, values, strict=True))
    except (KeyError, IndexError, ValueError, TypeError, struct.error, zlib.error) as error:
        raise InvalidInput(_DAMAGED) from error


def _kind_there(kind: Kind | None, physical: int) -> Kind:
    """Earlier releases wrote truth values and moments as texts."""
    if kind is None or (kind in ("boolean", "timestamp") and physical == _BYTE_ARRAY):
        return _PLAIN_KINDS[physical]
    return kind


def _read_chunk(data: bytes, meta: Mapping[int, Any], kind: Kind) -> list[Any]:
    if meta[1] != _PHYSICAL[kind] or meta[4] != _GZIP:
        raise InvalidInput(_DAMAGED)
    page, start = parse_struct(data, meta[9])
    unpacker = zlib.decompressobj(wbits=31)
    body = unpacker.decompress(data[start : start + page[3]], page[2] + 1)
    if len(body) != page[2]:
        raise InvalidInput(_DAMAGED)
    count = page[5][1]
    run = struct.unpack_from("<I", body)[0]
    bits = body[4 : 4 + run][-((count + 7) // 8) :]
    present = _truths(bits)[:count]
    values = iter(_unplain(body[4 + run :], kind))
    return [next(values) if here else None for here in present]


def _truths(bits: bytes) -> list[bool]:
    return [bool(byte >> place & 1) for byte in bits for place in range(8)]


def _unplain(body: bytes, kind: Kind) -> Sequence[Any]:
    if kind == "boolean":
        return _truths(body)
    if kind == "timestamp":
        counts = struct.unpack(f"<{len(body) // 8}q", body)
        return [(_EPOCH + n * _MICROSECOND).isoformat(timespec="microseconds") for n in counts]
    if kind in ("integer", "number"):
        return struct.unpack(f"<{len(body) // 8}{'q' if kind == 'integer' else 'd'}", body)
    found: list[str] = []
    at = 0
    while at < len(body):
        length = struct.unpack_from("<I", body, at)[0]
        found.append(body[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return found
