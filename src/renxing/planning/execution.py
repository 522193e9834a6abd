# SPDX-License-Identifier: Apache-2.0
"""A checked plan carried out, tick by tick, under guards.

In: scene and time.  Out: `running`, `succeeded`, `failed`, and a record for each step.
In each tick, before anything else: is a stop latched, is the charge too low, does the
robot stand where it must not. Any of these cancels what runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from py_trees.common import Status

from renxing.planning.checked import CheckedPlan, CheckedStep
from renxing.planning.plan import Step
from renxing.planning.runner import Record, Runner
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome, Resource
from renxing.planning.skill_arguments import WalkTo
from renxing.planning.state import AT_PLACE, State
from renxing.planning.tree import Context, Speech, grow, snapshot
from renxing.planning.validator import Validator

Progress = Literal["running", "succeeded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionConfig:
    """The guards.

    Attributes:
        reserve: Charge below which what moves is given up, of 1.
    """

    reserve: float = field(default=0.08, metadata={"min": 0.0, "max": 0.9})


class Execution:
    """One plan on its way.

    Attributes:
        records: What became of each step, by id.
        outcomes: What was measured, by step; also by those of earlier revisions.
    """

    def __init__(
        self,
        checked: CheckedPlan,
        runner: Runner[Any],
        validator: Validator,
        speech: Speech,
        scene: Scene,
        config: ExecutionConfig | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
        facts: State | None = None,
    ) -> None:
        """Grow the tree.

        Args:
            checked: The plan.
            runner: Who carries steps out.
            validator: Who checks each step once more before it begins.
            speech: What is said.
            scene: As of now.
            config: The guards.
            outcomes: Of steps of earlier revisions.
            facts: What they brought about.
        """
        self.checked = checked
        self.records = {step.step.id: Record() for step in checked.steps}
        self.outcomes = dict(outcomes or {})
        self._config = config or ExecutionConfig()
        self._progress: Progress = "running"
        self._inside = scene.zones_at(scene.pose[:2]) if scene.pose else ()
        self._context = Context(
            command=checked.plan.command,
            runner=runner,
            validator=validator,
            speech=speech,
            records=self.records,
            outcomes=self.outcomes,
            scene=scene,
            facts=facts or State(scene=scene),
        )
        self._tree = grow(checked, self._context)

    def tick(
        self,
        now: float,
        scene: Scene,
        taken: frozenset[Resource] = frozenset(),
    ) -> Progress:
        """Go on.

        Args:
            now: The time [s].
            scene: As of now.
            taken: What others use: steps that need it wait.
        """
        if self._progress != "running":
            return self._progress
        context = self._context
        context.now, context.scene, context.taken = now, scene, taken
        context.halted = context.halted or self._halts(scene)
        self._skip_what_holds(now, scene)
        self._tree.tick()
        if self._tree.root.status == Status.SUCCESS:
            self._progress = "succeeded"
        elif self._tree.root.status == Status.FAILURE:
            self._progress = "failed"
            self._fail_if_none_did(now)
        return self._progress

    def cancel(self, now: float, reason: str, code: str = "canceled") -> None:
        """End it: what runs is canceled, nothing more begins."""
        if self._progress != "running":
            return
        outcome = Outcome(success=False, reason=reason, code=code)
        self._context.halted = outcome
        self.tick(now, self._context.scene)

    def failed_step(self) -> tuple[Step, Outcome] | None:
        """Return the step that ended it and what was measured; None if none did."""
        for step in self.checked.steps:
            record = self.records[step.step.id]
            if record.state in ("failed", "canceled") and record.outcome is not None:
                return step.step, record.outcome
        return None

    def facts(self) -> State:
        """Return what the steps brought about that still holds."""
        failure = self.failed_step()
        held = self._context.facts
        if failure is None:
            return held
        skill = next(
            step.skill for step in self.checked.steps if step.step.id == failure[0].id
        )
        # Who knows where a walk that failed has ended.
        return held.without("near", "looking") if "legs" in skill.resources else held

    def snapshot(self, unicode: bool = True) -> str:
        """Return the tree as text."""
        return snapshot(self._tree, unicode)

    def _halts(self, scene: Scene) -> Outcome | None:
        """Return why nothing may go on."""
        if scene.stopped and self._moves_next():
            return Outcome(
                success=False, reason="the robot was stopped", code="stopped"
            )
        running = self._running()
        if running is None or "legs" not in running.skill.resources:
            return None
        low = scene.battery is not None and scene.battery < self._config.reserve
        # Who is on its way to the dock does better to go on.
        if low and self.checked.steps[-1].skill.name != "dock":
            share = 100 * (scene.battery or 0.0)
            reason = f"the battery is at {share:.0f} %"
            return Outcome(success=False, reason=reason, code="battery")
        if scene.pose is not None:
            for zone in scene.zones_at(scene.pose[:2]):
                # Who began inside may walk out.
                if zone.kind == "forbidden" and zone not in self._inside:
                    reason = f"it came into the forbidden zone '{zone.name}'"
                    return Outcome(success=False, reason=reason, code="zone")
        return None

    def _moves_next(self) -> bool:
        """Tell whether the step that runs or comes next needs more than a voice."""
        for step in self.checked.steps:
            if self.records[step.step.id].state in ("waiting", "running"):
                return bool(step.skill.resources - {"voice"})
        return False

    def _running(self) -> CheckedStep | None:
        for step in self.checked.steps:
            if self.records[step.step.id].state == "running":
                return step
        return None

    def _skip_what_holds(self, now: float, scene: Scene) -> None:
        """Skip the next step if it is a walk to a place where the robot stands."""
        for step in self.checked.steps:
            record = self.records[step.step.id]
            if record.state in ("succeeded", "skipped"):
                continue
            a = step.arguments
            here = scene.pose
            if record.state != "waiting" or not isinstance(a, WalkTo) or here is None:
                return
            place = scene.place(a.target)
            if place is None or a.side or a.yaw is not None:
                return
            dx, dy = here[0] - place.pose[0], here[1] - place.pose[1]
            if (dx * dx + dy * dy) ** 0.5 > 0.5 * AT_PLACE:
                return
            record.state, record.started, record.ended = "skipped", now, now
            measured = {"distance_walked_m": 0.0, "x_m": here[0], "y_m": here[1]}
            measured["already_there"] = True
            record.outcome = Outcome(success=True, measured=measured)
            self.outcomes[step.step.id] = record.outcome
            return

    def _fail_if_none_did(self, now: float) -> None:
        """Give the reason of a halt between two steps to the one that was next."""
        if self.failed_step() is not None or self._context.halted is None:
            return
        for step in self.checked.steps:
            record = self.records[step.step.id]
            if record.state == "waiting":
                record.state, record.ended = "canceled", now
                record.outcome = self._context.halted
                self.outcomes[step.step.id] = self._context.halted
                return
