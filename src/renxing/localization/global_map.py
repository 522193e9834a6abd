# SPDX-License-Identifier: Apache-2.0
"""A finished map, in memory and in a file.

The file is NumPy's .npz: clouds one after the other, poses, and what it is a map for.
"""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from renxing.errors import ConfigError
from renxing.localization.keyframes import Keyframe, moved
from renxing.spatial import SE3, Array

VERSION = 1
KIND = "renxing map"
_FIELDS = ("kind", "version", "robot", "stamps", "odometry", "poses", "heights",
           "counts", "points", "source", "eye_counts", "eyes")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GlobalMap:
    """What was seen, and where from.

    Attributes:
        robot: Name of the robot that saw it.
        keyframes: What was seen.
        poses: Of the base in map at each keyframe.
    """

    robot: str
    keyframes: tuple[Keyframe, ...]
    poses: tuple[SE3, ...]

    def points(self) -> Array:
        """Return all points in map [m], shape (N, 3)."""
        clouds = [
            moved(pose, keyframe.points)
            for pose, keyframe in zip(self.poses, self.keyframes, strict=True)
        ]
        return np.concatenate([np.empty((0, 3)), *clouds])


def save(whole: GlobalMap, file: Path) -> None:
    """Write a map; what was in the file before stays until all is written.

    Raises:
        ConfigError: If that is not possible.
    """
    frames = whole.keyframes
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("wb") as output:
            np.savez_compressed(
                output,
                kind=KIND,
                version=VERSION,
                robot=whole.robot,
                stamps=np.array([k.stamp for k in frames]),
                odometry=_matrices([k.transform_base_to_odom for k in frames]),
                poses=_matrices(list(whole.poses)),
                heights=np.array([k.height for k in frames]),
                counts=np.array([len(k.points) for k in frames], np.int64),
                points=np.concatenate(
                    [np.empty((0, 3), np.float32), *(k.points for k in frames)]
                ),
                source=np.concatenate(
                    [np.empty(0, np.uint8), *(k.source for k in frames)]
                ),
                eye_counts=np.array([len(k.eyes) for k in frames], np.int64),
                eyes=np.concatenate([np.empty((0, 3)), *(k.eyes for k in frames)]),
            )
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"map {file}: cannot be written: {error}") from error


def load(file: Path, robot: str) -> GlobalMap:
    """Read a map.

    Args:
        file: Written by `save`.
        robot: Name of the robot that will use it.

    Raises:
        ConfigError: If it cannot be read, is no map, or one of another version or
            robot.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            held = {name: archive[name] for name in archive.files}
    except OSError as error:
        raise ConfigError(f"map {file}: cannot be read: {error}") from error
    except (
        ValueError,
        EOFError,
        KeyError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
        raise ConfigError(f"map {file}: is no map, or is damaged: {error}") from error
    lacking = [name for name in _FIELDS if name not in held]
    if "kind" in lacking or str(held["kind"]) != KIND:
        raise ConfigError(f"map {file}: is no map of renxing's")
    if "version" in lacking or int(held["version"]) != VERSION:
        got = held.get("version", "none")
        raise ConfigError(f"map {file}: version {got}; this program reads {VERSION}")
    if lacking:
        raise ConfigError(f"map {file}: lacks {', '.join(lacking)}")
    if str(held["robot"]) != robot:
        raise ConfigError(f"map {file}: of robot '{held['robot']}', not '{robot}'")
    return _whole(held, file)


def _whole(held: dict[str, Any], file: Path) -> GlobalMap:
    counts, eye_counts = held["counts"], held["eye_counts"]
    lengths = {len(held[n]) for n in ("stamps", "odometry", "poses", "heights")}
    fits = (
        lengths == {len(counts)}
        and len(eye_counts) == len(counts)
        and counts.sum() == len(held["points"]) == len(held["source"])
        and eye_counts.sum() == len(held["eyes"])
    )
    if not fits or not all(np.isfinite(held[n]).all() for n in ("poses", "points")):
        raise ConfigError(f"map {file}: is damaged: its parts do not fit together")
    clouds = np.split(held["points"], np.cumsum(counts)[:-1])
    sources = np.split(held["source"], np.cumsum(counts)[:-1])
    eyes = np.split(held["eyes"], np.cumsum(eye_counts)[:-1])
    keyframes = tuple(
        Keyframe(
            stamp=float(held["stamps"][index]),
            transform_base_to_odom=SE3(held["odometry"][index]),
            points=clouds[index],
            source=sources[index],
            eyes=eyes[index],
            height=float(held["heights"][index]),
        )
        for index in range(len(counts))
    )
    return GlobalMap(
        robot=str(held["robot"]),
        keyframes=keyframes,
        poses=tuple(SE3(matrix) for matrix in held["poses"]),
    )


def _matrices(poses: list[SE3]) -> Array:
    return np.array([pose.homogeneous for pose in poses]).reshape(-1, 4, 4)
