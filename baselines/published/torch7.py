"""Torch7's binary serialisation (.t7), the format of Iizuka et al.'s published `colornet.t7`.

The one reader on PyPI, torchfile 0.1.0 (2017), trusts a tensor's sizes, so a forged file crashes it. It also misreads
functions of the first kind, and loads all gradients. This reader follows the format's definition in torch/torch7
(BSD-3-Clause): File.lua, generic/Storage.c, generic/Tensor.c. It reads files of 64-bit little-endian machines and skips
functions without reading their bytecode.
"""

import math
import mmap
import re
import struct
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from pipeline.networks.published_file import require_file
from pipeline.settings.errors import UserError


class Kind(IntEnum):
    """The types of the format; a function was written in three ways over the years."""

    NIL = 0
    NUMBER = 1
    STRING = 2
    TABLE = 3
    TORCH = 4
    BOOLEAN = 5
    FUNCTION = 6
    OLD_NUMBERED_FUNCTION = 7
    NUMBERED_FUNCTION = 8


DEEPEST = 10_000  # objects within objects; a graph of a dozen nodes nests about a hundred
MOST_DIMENSIONS = 32

ELEMENTS = {
    "Byte": "<u1", "Char": "<i1", "Short": "<i2", "Int": "<i4", "Long": "<i8",
    "Half": "<f2", "Float": "<f4", "Double": "<f8",
}  # fmt: skip
ARRAY = re.compile(rf"torch\.(?:Cuda)?({'|'.join(ELEMENTS)}|)(Tensor|Storage)")  # torch.CudaTensor holds floats


class Table(dict[Any, Any]):
    """A Lua table, equal only to itself, so that it can be a key. Its list part counts from 1."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


@dataclass(eq=False)
class TorchObject:
    """An object of a Torch class that is no array: its class's name and version, and its fields."""

    kind: str
    version: int
    fields: Table = field(default_factory=Table, repr=False)


@dataclass(eq=False)
class Function:
    """Stands for a Lua function, which is not read."""


def read_t7(path: Path) -> Any:
    """What `torch.save` wrote, as Python's numbers, strings, `Table`s, `TorchObject`s and NumPy arrays.

    Arrays are views of the mapped file: they take memory only when read, share what was shared in Torch, and changes do
    not reach the file. Raises `UserError` for a file that is missing, damaged or of another format.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    try:
        saved = _Reader(content).read()
    except _DamagedError as error:
        raise UserError(f"{path} is not a whole binary Torch7 file: {error}.") from None
    if not isinstance(saved, Table | TorchObject | np.ndarray):
        raise UserError(f"{path} holds no table, object or tensor, so it is no Torch7 file of weights.")
    return saved


class _DamagedError(Exception):
    """What violates the format."""


Reading = Generator[Any, Any, Any]  # of an object: yields the reading of each part, receives its value


class _Reader:
    """Reads an object and all that it holds; enclosing objects wait in a list, as Python's stack is too short."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.position = 0
        self.objects: dict[int, Any] = {}  # by the number that the file gives them

    def read(self) -> Any:
        waiting, value = [self._object()], None
        while waiting:
            if len(waiting) > DEEPEST:
                raise _DamagedError(f"its objects nest deeper than {DEEPEST}")
            try:
                waiting.append(waiting[-1].send(value))
                value = None
            except StopIteration as done:
                waiting.pop()
                value = done.value
        return value

    def _object(self) -> Reading:
        start, kind = self.position, self._integers("i")[0]
        match kind:
            case Kind.NIL:
                return None
            case Kind.NUMBER:
                (number,) = struct.unpack_from("<d", self.content, self._take(8))
                return int(number) if number.is_integer() else number
            case Kind.STRING:
                return self._string()
            case Kind.BOOLEAN:
                return self._integers("i")[0] == 1
            case Kind.FUNCTION:  # the only composite without a number of its own
                return (yield self._function(Function()))
            case Kind.TABLE | Kind.TORCH | Kind.OLD_NUMBERED_FUNCTION | Kind.NUMBERED_FUNCTION:
                number = self._integers("i")[0]
                if number not in self.objects:
                    yield self._numbered(kind, number)
                return self.objects[number]
        raise _DamagedError(f"byte {start} names a type {kind}, which is none")

    def _numbered(self, kind: int, number: int) -> Reading:
        match kind:
            case Kind.TABLE:
                return self._table(number)
            case Kind.TORCH:
                return self._torch(number)
        function = self.objects[number] = Function()
        return self._function(function)

    def _function(self, function: Function) -> Reading:
        self._string()  # its bytecode
        yield self._object()  # the values that it captured
        return function

    def _table(self, number: int) -> Reading:
        table = self.objects[number] = Table()  # known before its content, which may refer to it
        size = self._integers("i")[0]
        if size < 0:
            raise _DamagedError(f"a table has {size} entries")
        for _ in range(size):
            key = yield self._object()
            if key is None or isinstance(key, np.ndarray):
                raise _DamagedError("a table has nil or an array as a key")
            table[key] = yield self._object()
        return table

    def _torch(self, number: int) -> Reading:
        version = self._string()
        versioned = re.fullmatch(r"V (\d{1,9})", version)
        kind = self._string() if versioned else version  # files from before versions start with the class
        array = ARRAY.fullmatch(kind)
        if array is None:
            loaded = self.objects[number] = TorchObject(kind, int(versioned[1]) if versioned else 0)
            fields = yield self._object()
            if not isinstance(fields, Table):
                raise _DamagedError(f"a {kind!r} has no fields")
            loaded.fields = fields
        else:
            dtype = np.dtype(ELEMENTS[array[1] or "Float"])
            self.objects[number] = self._storage(dtype) if array[2] == "Storage" else (yield self._tensor(dtype))

    def _storage(self, dtype: np.dtype) -> np.ndarray:
        count = self._integers("q")[0]
        start = self._take(count * dtype.itemsize)
        return np.frombuffer(self.content, dtype, count, start) if count else np.empty(0, dtype)

    def _tensor(self, dtype: np.dtype) -> Reading:
        dimensions = self._integers("i")[0]
        if not 0 <= dimensions <= MOST_DIMENSIONS:
            raise _DamagedError(f"a tensor has {dimensions} dimensions")
        sizes, strides = self._integers("q", dimensions), self._integers("q", dimensions)
        offset = self._integers("q")[0] - 1  # Lua counts from 1
        storage = yield self._object()
        if storage is None or dimensions == 0:
            return np.empty(0, dtype)
        # Contiguous, so no tensor in place of a storage, which may have more elements than memory.
        if not isinstance(storage, np.ndarray) or storage.dtype != dtype or not storage.flags.c_contiguous:
            raise _DamagedError("a tensor has no storage of its type")
        if min(offset, *sizes, *strides) < 0 or max(math.prod(sizes), *strides) * dtype.itemsize > sys.maxsize:
            raise _DamagedError(f"a tensor has sizes {sizes} and strides {strides}")
        if math.prod(sizes) == 0:
            return np.empty(0, dtype)
        if offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)) >= storage.size:
            raise _DamagedError(f"a tensor of sizes {sizes} reaches out of its storage of {storage.size}")
        return as_strided(storage.ravel()[offset:], sizes, [stride * dtype.itemsize for stride in strides])

    def _string(self) -> str:
        size = self._integers("i")[0]
        start = self._take(size)
        return self.content[start : start + size].decode(errors="surrogateescape")

    def _integers(self, kind: str, count: int = 1) -> tuple[int, ...]:
        """`count` ints ("i") or longs ("q")."""
        layout = f"<{count}{kind}"
        return struct.unpack_from(layout, self.content, self._take(struct.calcsize(layout)))

    def _take(self, size: int) -> int:
        """Where the next `size` bytes start; passes over them."""
        start = self.position
        if not 0 <= size <= len(self.content) - start:
            raise _DamagedError(f"byte {start} wants {size} more, but the file has {len(self.content)} in all")
        self.position += size
        return start
