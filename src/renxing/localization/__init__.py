# SPDX-License-Identifier: Apache-2.0
"""Where the robot is in the world: maps of it, made, kept and found again."""

from renxing.localization.global_map import GlobalMap, load, save
from renxing.localization.keyframes import (
    Keyframe,
    KeyframeConfig,
    View,
    is_due,
    make_keyframe,
)
from renxing.localization.mapper import Mapper, MapperConfig
from renxing.localization.occupancy import Occupancy, OccupancyConfig, project
from renxing.localization.tracker import Estimate, Tracker, TrackerConfig, Trust

__all__ = [
    "Estimate",
    "GlobalMap",
    "Keyframe",
    "KeyframeConfig",
    "Mapper",
    "MapperConfig",
    "Occupancy",
    "OccupancyConfig",
    "Tracker",
    "TrackerConfig",
    "Trust",
    "View",
    "is_due",
    "load",
    "make_keyframe",
    "project",
    "save",
]
