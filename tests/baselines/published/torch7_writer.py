"""Writes Torch7's binary serialisation as torch7's File.lua does, for files to read back.

OpenCV 4.12 (`dnn.readTorchBlob`, `dnn.readNetFromTorch`) and torchfile 0.1.0 read the same numbers from such files.
"""

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ELEMENTS = {"u1": "Byte", "i4": "Int", "i8": "Long", "f4": "Float", "f8": "Double"}


@dataclass(eq=False)
class Storage:
    values: np.ndarray
    named: str = ""

    @property
    def kind(self) -> str:
        return self.named or f"torch.{ELEMENTS[self.values.dtype.str[1:]]}"


@dataclass(eq=False)
class Tensor:
    """A view of a storage; sizes, strides and the offset (from 0) count elements."""

    storage: Any
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    kind: str = ""


@dataclass(eq=False)
class Object:
    kind: str
    fields: Any
    version: int | None = 1


@dataclass(eq=False)
class Function:
    """A Lua function: type 6 (without a number), 7 or 8 (with one)."""

    bytecode: bytes = b"\x1bLJ\x01\x02 never to be run"
    upvalues: dict = field(default_factory=dict)
    type: int = 8


def tensor(values: np.ndarray) -> Tensor:
    """A tensor with a storage of its own."""
    strides = tuple(stride // values.itemsize for stride in np.empty(values.shape, values.dtype).strides)
    return Tensor(Storage(values.ravel()), values.shape, strides)


def written(value: Any) -> bytes:
    """The file of `torch.save(path, value)`; dictionaries are tables, what is the same object is written once."""
    return b"".join(_object(value, {}))


def ints(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)


def longs(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def string(text: str) -> bytes:
    return ints(len(text.encode())) + text.encode()


def _object(value: Any, numbers: dict[int, int]):
    match value:
        case None:
            yield ints(0)
        case bool():
            yield ints(5, value)
        case int() | float():
            yield ints(1) + struct.pack("<d", value)
        case str():
            yield ints(2) + string(value)
        case Function(type=6):
            yield ints(6, len(value.bytecode)) + value.bytecode
            yield from _object(value.upvalues, numbers)
        case _:
            kind = value.type if isinstance(value, Function) else 3 if isinstance(value, dict) else 4
            new = id(value) not in numbers
            number = numbers.setdefault(id(value), len(numbers) + 1)
            yield ints(kind, number)
            if new:
                yield from _content(value, numbers)


def _content(value: Any, numbers: dict[int, int]):
    match value:
        case dict():
            yield ints(len(value))
            for key, item in value.items():
                yield from _object(key, numbers)
                yield from _object(item, numbers)
        case Function():
            yield ints(len(value.bytecode)) + value.bytecode
            yield from _object(value.upvalues, numbers)
        case Object():
            version = [] if value.version is None else [string(f"V {value.version}")]
            yield b"".join([*version, string(value.kind)])
            yield from _object(value.fields, numbers)
        case Storage():
            yield string("V 1") + string(f"{value.kind}Storage") + longs(value.values.size) + value.values.tobytes()
        case Tensor():
            kind = value.kind or f"{value.storage.kind}Tensor"
            yield string("V 1") + string(kind) + ints(len(value.sizes))
            yield longs(*value.sizes, *value.strides, value.offset + 1)
            yield from _object(value.storage, numbers)
