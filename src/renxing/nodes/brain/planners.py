# SPDX-License-Identifier: Apache-2.0
"""The sources of plans that a brain can ask, by name."""

from dataclasses import dataclass

from renxing.planning.lexicon import Lexicon
from renxing.planning.offline.planner import OfflinePlanner
from renxing.planning.plan import Planner
from renxing.planning.skill import SkillRegistry

OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannersConfig:
    """Sources besides the offline one."""


def make_planners(
    config: PlannersConfig, lexicon: Lexicon, registry: SkillRegistry
) -> dict[str, Planner]:
    """Return the planners by name."""
    return {OFFLINE: OfflinePlanner(registry, lexicon)}
