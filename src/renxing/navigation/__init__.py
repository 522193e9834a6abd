# SPDX-License-Identifier: Apache-2.0
"""Goal, map and people -> a route, and velocities along it."""

from renxing.navigation import follower as _follower
from renxing.navigation import grid as _grid
from renxing.navigation import planner as _planner
from renxing.navigation.follower import Follower, FollowerState
from renxing.navigation.follower_config import FollowerConfig
from renxing.navigation.grid import (
    BERTH,
    FREE,
    INSCRIBED,
    LETHAL,
    UNKNOWN,
    CostGrid,
    from_elevation_costs,
    from_occupancy,
    inflate,
    mark,
    merge,
)
from renxing.navigation.lookout import LookOut, LookOutConfig
from renxing.navigation.people import (
    PeopleConfig,
    PeopleTracker,
    Person,
    apart_from,
    occupy,
    predict,
)
from renxing.navigation.planner import (
    NoRoute,
    PlannerConfig,
    Reason,
    is_valid,
    path_length,
    plan,
    smooth,
)
from renxing.navigation.progress import GoalChecker, ProgressChecker
from renxing.navigation.walkers import Walkers, WalkersConfig

__all__ = [
    "BERTH",
    "FREE",
    "INSCRIBED",
    "LETHAL",
    "UNKNOWN",
    "CostGrid",
    "Follower",
    "FollowerConfig",
    "FollowerState",
    "GoalChecker",
    "LookOut",
    "LookOutConfig",
    "NoRoute",
    "PeopleConfig",
    "PeopleTracker",
    "Person",
    "PlannerConfig",
    "ProgressChecker",
    "Reason",
    "Walkers",
    "WalkersConfig",
    "apart_from",
    "from_elevation_costs",
    "from_occupancy",
    "inflate",
    "is_valid",
    "mark",
    "merge",
    "occupy",
    "path_length",
    "plan",
    "predict",
    "rehearse",
    "smooth",
]


def rehearse() -> None:
    """Compile now what is compiled, rather than at the first goal."""
    _grid.rehearse()
    _planner.rehearse()
    _follower.rehearse()
