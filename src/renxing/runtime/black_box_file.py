# SPDX-License-Identifier: Apache-2.0
"""Write a black box to an MCAP file that Foxglove and PlotJuggler open, and read it.

A row is a ROS 2 message as it lies in memory: all its numbers have eight bytes, so its
CDR encoding (OMG DDSI-RTPS 2.3, 10.2) is four bytes of header and the row. The message
definition in the file names every joint, so that tools show `position/left_knee`.
"""

import os
import re
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mcap.exceptions import McapError
from mcap.reader import make_reader

from renxing import __version__
from renxing.errors import ConfigError, RenxingError
from renxing.runtime.black_box import BlackBoxReader
from renxing.runtime.block_file import SHARED_FOLDER
from renxing.runtime.block_layout import (
    KINDS,
    PREFIX,
    STAMP,
    Field,
    Layout,
    field_views,
    read_layout,
)
from renxing.runtime.recording import Recording

TOPIC = "/black_box/{name}"
KEEP_FREE = 100 * 2**20  # [bytes] that a dump leaves on the disk

_CDR_LITTLE_ENDIAN = b"\x00\x01\x00\x00"
_METADATA = "renxing"
_FLUSH_ROWS = 1000  # between looks at the space on the disk


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpResult:
    """What became of a dump.

    Attributes:
        path: The file; empty if there is none.
        rows: How many it holds.
        error: Why it is not complete; empty if it is.
    """

    path: str
    rows: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What a dump holds.

    Attributes:
        layout: Of a row.
        reason: Of the dump.
        metadata: All that is known of it.
        words: The rows as they were in memory, shape (m, layout.words).
        fields: An array for each field, shape (m, ...).
    """

    layout: Layout
    reason: str
    metadata: Mapping[str, str]
    words: npt.NDArray[np.uint64]
    fields: Mapping[str, npt.NDArray[Any]]


def dump(
    name: str,
    path: Path,
    reason: str,
    metadata: Mapping[str, str] | None = None,
    *,
    seconds: float = float("inf"),
    keep_free: int = KEEP_FREE,
    folder: Path = SHARED_FOLDER,
) -> DumpResult:
    """Write a ring to a file; takes seconds, so never call it in the loop's process.

    Args:
        name: Of the ring.
        path: Of the file; if it exists, a number is added to the name.
        reason: Why it is written.
        metadata: More to keep in the file, such as versions.
        seconds: How far back.
        keep_free: Space to leave on the disk [bytes].
        folder: Where the ring lies.

    Returns:
        What became of it; errors are in it and never raised.
    """
    written = ""
    count = 0
    try:
        reader = BlackBoxReader(name, folder=folder)
        rows = reader.rows(seconds)
        layout = reader.layout
        # Stamps are monotonic; files of the same moment carry the wall's clock.
        offset = time.time_ns() - time.monotonic_ns()
        notes = {
            **(metadata or {}),
            "reason": reason,
            "version": __version__,
            "layout": layout.description.decode(),
            "joints": " ".join(layout.joints),
            "wall_minus_stamp_ns": str(offset),
            "writer": "alive" if reader.writer_alive() else "dead",
        }
        file = Recording(path, notes, keep_free)
        written = str(file.path)
        topic = TOPIC.format(name=layout.name)
        channel = file.add_channel(topic, kind(layout), definition(layout), {})
        for row in rows:
            stamp = max(0, int(row[STAMP]) + offset)
            file.write(channel, stamp, _CDR_LITTLE_ENDIAN + row.tobytes())
            count += 1
            if count % _FLUSH_ROWS == 0:
                file.flush()
        file.close()
        _sync(file.path)
    except (RenxingError, OSError) as error:
        return DumpResult(path=written, rows=count, error=str(error))
    return DumpResult(path=written, rows=count, error="")


def load(path: Path) -> Past:
    """Read a dump.

    Raises:
        ConfigError: If the file cannot be read, or is no dump.
    """
    try:
        with path.open("rb") as stream:
            reader = make_reader(stream)
            notes: dict[str, str] = next(
                (m.metadata for m in reader.iter_metadata() if m.name == _METADATA), {}
            )
            if "layout" not in notes:
                raise ConfigError(f"file {path}: not the dump of a black box")
            layout = read_layout(notes["layout"].encode())
            data = b"".join(
                message.data[len(_CDR_LITTLE_ENDIAN) :]
                for _, _, message in reader.iter_messages(log_time_order=False)
            )
    except OSError as error:
        raise ConfigError(f"file {path}: {error.strerror}") from error
    except (McapError, struct.error) as error:
        raise ConfigError(f"file {path}: {error}") from error
    words = np.frombuffer(data, dtype="<u8").reshape(-1, layout.words)
    return Past(
        layout=layout,
        reason=notes["reason"],
        metadata=notes,
        words=words,
        fields=field_views(layout, words),
    )


def kind(layout: Layout) -> str:
    """Return the name of the message type of a layout's rows."""
    return f"renxing/msg/{_identifier(layout.name).title().replace('_', '')}Row"


def definition(layout: Layout) -> str:
    """Return the message definition of a layout's rows, as MCAP's `ros2msg`."""
    lines = [f"uint64 {name}" for name in PREFIX]
    lines += [_line(field, layout) for field in layout.fields]
    joints = [f"{{kind}} {_identifier(joint)}" for joint in layout.joints]
    for code, type_name in KINDS.items():
        if any(_per_joint(f, layout) and f.kind == code for f in layout.fields):
            lines += ["=" * 80, f"MSG: renxing/Joints{code.title()}"]
            lines += [joint.format(kind=type_name) for joint in joints]
    return "\n".join(lines) + "\n"


def _line(field: Field, layout: Layout) -> str:
    if _per_joint(field, layout):
        return f"renxing/Joints{field.kind.title()} {field.name}"
    extent = f"[{field.size}]" if field.shape else ""
    return f"{KINDS[field.kind]}{extent} {field.name}"


def _per_joint(field: Field, layout: Layout) -> bool:
    return bool(layout.joints) and field.shape == (len(layout.joints),)


def _identifier(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
