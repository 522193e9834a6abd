# SPDX-License-Identifier: Apache-2.0
"""Depth images -> clean depth images -> points, without the robot's own body."""

from renxing.perception.conditioning import (
    CleanDepth,
    ConditioningConfig,
    DepthConditioner,
)
from renxing.perception.projection import Points, lift
from renxing.perception.self_filter import SelfFilter, SelfFilterConfig

__all__ = [
    "CleanDepth",
    "ConditioningConfig",
    "DepthConditioner",
    "Points",
    "SelfFilter",
    "SelfFilterConfig",
    "lift",
]
