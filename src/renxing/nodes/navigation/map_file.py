# SPDX-License-Identifier: Apache-2.0
"""Maps on disk: a YAML file and a picture, as Nav2's map_server reads and writes them.

The picture's first row is the map's last: it is seen from above with y upwards. The
meaning of its grey is that of Nav2's `trinary` mode: darker than `occupied_thresh` is
occupied, brighter than `free_thresh` free, the rest unknown.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from renxing.errors import ConfigError
from renxing.spatial import Array
from renxing.yaml_file import read_yaml

OCCUPIED, FREE, UNKNOWN = 100, 0, -1
# Those of map_saver; 205 is 19.6 % occupied, so 0.25 would read it as free.
GREY = {OCCUPIED: 0, FREE: 254, UNKNOWN: 205}

Percent = npt.NDArray[np.int8]

# https://netpbm.sourceforge.net/doc/pgm.html
_PGM = re.compile(rb"P5\s+(?:#.*\s+)*(\d+)\s+(?:#.*\s+)*(\d+)\s+(?:#.*\s+)*(\d+)\s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OccupancyMap:
    """A map.

    Attributes:
        values: 0-100 [%], -1 unknown; shape (rows, columns), rows along y.
        resolution: Side of a cell [m].
        origin: Lower left corner of cell [0, 0] in the map frame [m], shape (2,).
    """

    values: Percent
    resolution: float
    origin: Array


class MapFile(Struct, frozen=True, kw_only=True):
    """The YAML file.

    Attributes:
        image: Path of the picture, from the file's folder on.
        resolution: [m] a pixel.
        origin: x, y [m], yaw [rad] of the lower left corner.
        mode: How grey is read; only this one is.
        negate: Whether bright is occupied.
        occupied_thresh: Occupancy from which a cell is occupied [-].
        free_thresh: Occupancy up to which it is free [-].
    """

    image: str
    resolution: float
    origin: tuple[float, float, float]
    mode: Literal["trinary"] = "trinary"
    negate: int = 0
    occupied_thresh: float = 0.65
    free_thresh: float = 0.25


def load_map(path: Path) -> OccupancyMap:
    """Read a map.

    Raises:
        ConfigError: If a file is missing or malformed, or the map is turned.
    """
    file, _ = read_yaml(path, MapFile)
    if not file.resolution > 0.0:
        raise ConfigError(f"{path}: resolution {file.resolution} m, above 0 allowed")
    if file.origin[2] != 0.0:
        raise ConfigError(f"{path}: origin: yaw {file.origin[2]} rad, only 0 is read")
    grey = _read_pgm(path.parent / file.image)
    bright = grey / 255.0
    occupancy = bright if file.negate else 1.0 - bright
    values = np.full(grey.shape, UNKNOWN, np.int8)
    values[occupancy <= file.free_thresh] = FREE
    values[occupancy >= file.occupied_thresh] = OCCUPIED
    return OccupancyMap(
        values=np.ascontiguousarray(values[::-1]),
        resolution=file.resolution,
        origin=np.array(file.origin[:2]),
    )


def save_map(path: Path, one: OccupancyMap) -> None:
    """Write a map as two files.

    Args:
        path: Of the YAML file; the picture has its name and `.pgm`.
        one: The map; between free and occupied is unknown.

    Raises:
        ConfigError: If they cannot be written.
    """
    grey = np.full(one.values.shape, GREY[UNKNOWN], np.uint8)
    grey[one.values >= 65] = GREY[OCCUPIED]
    grey[(one.values >= 0) & (one.values <= 25)] = GREY[FREE]
    picture = path.with_suffix(".pgm")
    rows, columns = len(grey), len(grey[0])
    x, y = (float(value) for value in one.origin)
    try:
        head = f"P5\n{columns} {rows}\n255\n".encode()
        picture.write_bytes(head + np.ascontiguousarray(grey[::-1]).tobytes())
        path.write_text(
            f"image: {picture.name}\nmode: trinary\n"
            f"resolution: {one.resolution:g}  # [m]\n"
            f"origin: [{x:g}, {y:g}, 0]  # [m, m, rad] lower left corner\n"
            "negate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n"
        )
    except OSError as error:
        raise ConfigError(f"map {path}: {error}") from error


def _read_pgm(path: Path) -> npt.NDArray[np.uint8]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"map picture {path}: {error}") from error
    head = _PGM.match(data)
    if head is None or int(head[3]) != 255:
        raise ConfigError(f"map picture {path}: binary PGM of 8 bits (P5, 255) wanted")
    columns, rows = int(head[1]), int(head[2])
    pixels = np.frombuffer(data, np.uint8, offset=head.end())
    if pixels.size < rows * columns or pixels.size == 0:
        raise ConfigError(
            f"map picture {path}: {pixels.size} pixels for {columns} x {rows}"
        )
    return pixels[: rows * columns].reshape(rows, columns)
