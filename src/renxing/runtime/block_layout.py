# SPDX-License-Identifier: Apache-2.0
"""What stands where in a block of numbers that several processes share.

A layout is a list of named arrays of 8-byte numbers and the joint order that they are
in. A frame is one filled copy of it in this process's own memory: an array view for
each field over one contiguous buffer, so that a whole frame moves with one copy.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError

WORD = 8  # [bytes] every number has this size, so that nothing needs padding
KINDS = {"f8": "float64", "i8": "int64", "u8": "uint64"}

# What stands in front of the fields of every frame, a word each.
PREFIX = ("sequence", "stamp", "cycle", "checksum")
SEQUENCE, STAMP, CYCLE, CHECKSUM = range(4)


@dataclass(frozen=True, slots=True)
class Field:
    """A named array.

    Attributes:
        name: Of the field.
        shape: Of the array; () for one number.
        kind: `f8`, `i8` or `u8`.
    """

    name: str
    shape: tuple[int, ...] = ()
    kind: str = "f8"

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The fields of a block and what their joint vectors mean.

    Attributes:
        name: What the block is, such as `state`.
        fields: In the order in which they lie in memory.
        joints: Joint order of the fields of shape (n,), n the number of joints.
    """

    name: str
    fields: tuple[Field, ...]
    joints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check names, kinds and shapes.

        Raises:
            ConfigError: If a field is wrong or there twice.
        """
        seen = set(PREFIX)
        for field in self.fields:
            where = f"layout '{self.name}': field '{field.name}'"
            if field.name in seen or not field.name.isidentifier():
                raise ConfigError(f"{where}: taken, or not an identifier")
            if field.kind not in KINDS:
                raise ConfigError(f"{where}: kind {field.kind}, allowed {list(KINDS)}")
            if any(extent < 1 for extent in field.shape):
                raise ConfigError(f"{where}: shape {field.shape} has no room")
            seen.add(field.name)

    @property
    def words(self) -> int:
        """How many numbers a frame holds, its prefix included."""
        return len(PREFIX) + sum(field.size for field in self.fields)

    @property
    def description(self) -> bytes:
        """All of it as JSON, for other processes and for files."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @property
    def digest(self) -> int:
        """64 bits that differ when anything of it does."""
        return int.from_bytes(hashlib.sha256(self.description).digest()[:8], "little")

    def offsets(self) -> Iterator[tuple[Field, int]]:
        """Yield each field and where it begins in a frame [words]."""
        at = len(PREFIX)
        for field in self.fields:
            yield field, at
            at += field.size


def read_layout(description: bytes) -> Layout:
    """Make a layout of its description.

    Raises:
        ConfigError: If that is none.
    """
    try:
        tree = json.loads(description)
        fields = tuple(
            Field(f["name"], tuple(f["shape"]), f["kind"]) for f in tree["fields"]
        )
        return Layout(name=tree["name"], fields=fields, joints=tuple(tree["joints"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"layout: cannot be read: {error}") from error


def first_difference(here: Layout, there: Layout) -> str:
    """Say where two layouts begin to differ; empty if they do not."""
    if here.name != there.name:
        return f"it is '{there.name}' there, '{here.name}' here"
    for index in range(max(len(here.joints), len(there.joints))):
        mine, other = here.joints[index : index + 1], there.joints[index : index + 1]
        if mine != other:
            return f"joint {index}: {_shown(other)} there, {_shown(mine)} here"
    for index in range(max(len(here.fields), len(there.fields))):
        ours, theirs = here.fields[index : index + 1], there.fields[index : index + 1]
        if ours != theirs:
            return f"field {index}: {_shown(theirs)} there, {_shown(ours)} here"
    return ""


def _shown(part: "tuple[Field, ...] | tuple[str, ...]") -> str:
    if not part:
        return "nothing"
    first = part[0]
    if isinstance(first, str):
        return f"'{first}'"
    return f"'{first.name}' {first.kind} {first.shape}"


class Frame:
    """One frame of a layout in this process's memory.

    `frame["position"][:] = q` fills a field: always write into the arrays.

    Attributes:
        layout: What stands where.
        prefix: Sequence, stamp (CLOCK_MONOTONIC) [ns], cycle and checksum.
        buffer: All bytes of it.
        words: All numbers behind the prefix, in the order of the fields.
    """

    def __init__(self, layout: Layout, writeable: bool = True) -> None:
        """Make a frame of zeros.

        Args:
            layout: What stands where.
            writeable: Whether the arrays of the fields may be written to.
        """
        self.layout = layout
        words = np.zeros(layout.words, dtype="<u8")
        # Item access of a memoryview costs a third of that of an array.
        self.prefix = words.data[: len(PREFIX)]
        self.buffer = words.data.cast("B")
        self.words = words[len(PREFIX) :]
        self._fields = field_views(layout, words)
        for view in self._fields.values():
            view.flags.writeable = writeable
        self.words.flags.writeable = writeable

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return the array of a field; it stays the same one for ever."""
        return self._fields[name]

    @property
    def stamp(self) -> int:
        """When it was published, CLOCK_MONOTONIC [ns]; 0 for never."""
        return self.prefix[STAMP]

    @property
    def cycle(self) -> int:
        """In which cycle of the loop it was published."""
        return self.prefix[CYCLE]


def field_views(
    layout: Layout, words: npt.NDArray[np.uint64]
) -> dict[str, npt.NDArray[Any]]:
    """Return an array for each field, over one frame or over a stack of them.

    Args:
        layout: What stands where.
        words: Frames, shape (..., layout.words); they share their memory.
    """
    return {
        field.name: words[..., at : at + field.size]
        .view(f"<{field.kind}")
        .reshape(words.shape[:-1] + field.shape)
        for field, at in layout.offsets()
    }
