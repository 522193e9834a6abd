# SPDX-License-Identifier: Apache-2.0
"""Images -> clean depth images -> points without the robot itself; people, things."""

from renxing.perception.catalogue import Catalogue, load_catalogue
from renxing.perception.conditioning import (
    CleanDepth,
    ConditioningConfig,
    DepthConditioner,
)
from renxing.perception.memory import MemoryConfig, ObjectMemory
from renxing.perception.objects import (
    Detection,
    ObjectFinder,
    ObjectFinderConfig,
)
from renxing.perception.people import (
    PeopleFinderConfig,
    Sighting,
    believed,
    find_people,
    without,
)
from renxing.perception.projection import Points, lift
from renxing.perception.self_filter import SelfFilter, SelfFilterConfig
from renxing.perception.surround import SurroundConfig, foreign, in_the_way
from renxing.perception.thing import Remembered
from renxing.perception.trunks import TrunkFinderConfig, find_trunks

__all__ = [
    "Catalogue",
    "Detection",
    "MemoryConfig",
    "ObjectFinder",
    "ObjectFinderConfig",
    "ObjectMemory",
    "Remembered",
    "CleanDepth",
    "ConditioningConfig",
    "DepthConditioner",
    "PeopleFinderConfig",
    "Points",
    "SelfFilter",
    "SelfFilterConfig",
    "Sighting",
    "SurroundConfig",
    "TrunkFinderConfig",
    "believed",
    "find_people",
    "find_trunks",
    "foreign",
    "in_the_way",
    "lift",
    "load_catalogue",
    "without",
]
