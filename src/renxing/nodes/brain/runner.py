# SPDX-License-Identifier: Apache-2.0
"""Carries steps out: each skill is a routine that is stepped with the tree.

Packages add routines for skills of their own by the entry points group
`renxing.skill_routines`: the name is the skill's, the value a `SkillRoutine`.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points

from rclpy.node import Node

from renxing.errors import ConfigError, RenxingError
from renxing.nodes.brain import gestures, looking, searching, walking
from renxing.nodes.brain.body import Body, Routine, SkillRoutine, failed
from renxing.nodes.navigation.solo import CancelledError
from renxing.planning.runner import Call
from renxing.planning.skill import Outcome, SkillRegistry

ENTRY_POINTS = "renxing.skill_routines"
BUILT_IN: Mapping[str, SkillRoutine] = {
    "walk_to": walking.walk_to,
    "walk_by": walking.walk_by,
    "turn": walking.turn,
    "stop": walking.stop,
    "wait": walking.wait,
    "dock": walking.dock,
    "look_at": looking.look_at,
    "find": searching.find,
    "inspect": looking.inspect,
    "say": gestures.say,
    "report": gestures.report,
    "wave": gestures.wave,
}


def load_routines(registry: SkillRegistry) -> dict[str, SkillRoutine]:
    """Return how each skill is carried out.

    Raises:
        ConfigError: If a package is broken, or nobody carries a skill out.
    """
    found = dict(BUILT_IN)
    for point in entry_points(group=ENTRY_POINTS):
        try:
            found[point.name] = point.load()
        except Exception as error:  # a package may fail in any way when it is loaded
            what = f"entry point '{point.name}' ({point.value})"
            raise ConfigError(f"{what}: cannot be loaded: {error!r}") from error
    without = [skill.name for skill in registry if skill.name not in found]
    if without:
        raise ConfigError(
            f"skill '{without[0]}': nothing carries it out; a package names a routine "
            f"by the entry points group '{ENTRY_POINTS}'"
        )
    return found


@dataclass(slots=True, eq=False)
class Running:
    """A step on its way."""

    routine: Routine
    outcome: Outcome | None = None


class SkillRunner:
    """The runner of plans on the graph (`renxing.planning.runner.Runner`)."""

    def __init__(
        self, node: Node, body: Body, routines: Mapping[str, SkillRoutine]
    ) -> None:
        """Take the robot and what moves it."""
        self._node, self._body, self._routines = node, body, routines
        self._ending: list[Running] = []

    def start(self, call: Call) -> Running:
        """Begin."""
        routine = self._routines[call.skill](self._body, call, call.arguments)
        return Running(routine)

    def poll(self, running: Running) -> Outcome | None:
        """Step it."""
        if running.outcome is None:
            try:
                next(running.routine)
            except StopIteration as end:
                running.outcome = end.value
            except RenxingError as error:
                running.outcome = failed("error", str(error))
            except Exception:
                self._node.get_logger().error(traceback.format_exc())
                running.outcome = failed("error", "an error in the skill; see the log")
        return running.outcome

    def cancel(self, running: Running) -> None:
        """Let it clean up; `settle` waits for that."""
        if running.outcome is not None:
            return
        running.outcome = failed("canceled", "it was canceled")
        try:
            running.routine.throw(CancelledError())
            self._ending.append(running)
        except (CancelledError, StopIteration):
            pass
        except Exception:
            self._node.get_logger().error(traceback.format_exc())

    def settle(self) -> bool:
        """Step what cleans up; says whether all have."""
        for running in list(self._ending):
            try:
                next(running.routine)
            except (CancelledError, StopIteration):
                self._ending.remove(running)
            except Exception:
                self._node.get_logger().error(traceback.format_exc())
                self._ending.remove(running)
        return not self._ending
