# SPDX-License-Identifier: Apache-2.0
"""Points around the robot -> heights of the ground -> where it can walk."""

from renxing.mapping.elevation import Elevation, ElevationConfig, Heights
from renxing.mapping.traversability import (
    Traversability,
    TraversabilityConfig,
    traversability,
)

__all__ = [
    "Elevation",
    "ElevationConfig",
    "Heights",
    "Traversability",
    "TraversabilityConfig",
    "traversability",
]
