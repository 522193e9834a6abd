# SPDX-License-Identifier: Apache-2.0
"""A command from its words to its answer: plan, check, approval, execution, replanning.

In: a decision of a planner, then scene and time, tick by tick.  Out: a state, and at
the end an answer. Who asks the planner, which may take seconds, is not its business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from renxing.planning.answer import Answers
from renxing.planning.approval import Approval
from renxing.planning.checked import CheckedPlan, Rejected
from renxing.planning.execution import Execution, ExecutionConfig
from renxing.planning.plan import Command, Decision, Plan, Question, Refusal
from renxing.planning.replan import ReplanConfig, Tried, replan
from renxing.planning.runner import Record, Runner
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome, Resource
from renxing.planning.state import State
from renxing.planning.validator import Validator

MissionState = Literal[
    "waiting_for_approval",
    "running",
    "succeeded",
    "failed",
    "denied",
    "canceled",
    "rejected",
]
# As in renxing_msgs/ExecuteTask; who asks the planner adds `planner_failed`.
ErrorCode = Literal[
    "none", "not_understood", "impossible", "denied", "step_failed", "stopped"
]
OVER = ("succeeded", "failed", "denied", "canceled", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionConfig:
    """A command's way.

    Attributes:
        approval_timeout: For how long an approval is waited for [s].
        approve_motion: Whether what only moves needs approval too.
        execution: The guards.
        replanning: How much is tried after failures.
    """

    approval_timeout: float = field(default=30.0, metadata={"min": 1.0, "max": 600.0})
    approve_motion: bool = False
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    replanning: ReplanConfig = field(default_factory=ReplanConfig)


class Mission:
    """One command.

    Attributes:
        state: Where it is on its way.
        error: Kind of what went wrong.
        answer: What the robot says at the end, or asks.
        reason: Why it waits for approval, was rejected or failed, for the log.
        checked: The plan of now; None while there is none that keeps the rules.
        history: Revisions before it, with what became of their steps.
    """

    def __init__(
        self,
        command: Command,
        decision: Decision,
        runner: Runner[Any],
        validator: Validator,
        answers: Answers,
        scene: Scene,
        now: float,
        config: MissionConfig | None = None,
    ) -> None:
        """Check what the planner decided.

        Args:
            command: What was asked for.
            decision: Of any source.
            runner: Who carries steps out.
            validator: Who checks plans.
            answers: Who puts outcomes into words.
            scene: As of now.
            now: The time [s].
            config: Its way.
        """
        self.command = command
        self.state: MissionState = "rejected"
        self.error: ErrorCode = "none"
        self.answer = ""
        self.reason = ""
        self.checked: CheckedPlan | None = None
        self.history: list[tuple[CheckedPlan, Mapping[str, Record]]] = []
        self._runner = runner
        self._validator = validator
        self._answers = answers
        self._config = config or MissionConfig()
        self._tried = Tried()
        self._execution: Execution | None = None
        self._approval: Approval | None = None
        self._approved: frozenset[str] = frozenset()
        self._asked: frozenset[str] = frozenset()
        if isinstance(decision, Plan):
            self._take(decision, scene, now, {})
        elif isinstance(decision, Question):
            self.error, self.answer = "not_understood", decision.text
            self.reason = decision.detail
        elif isinstance(decision, Refusal):
            self.error, self.answer = decision.code, decision.text
            self.reason = decision.detail

    @property
    def over(self) -> bool:
        """Whether there is nothing more to come."""
        return self.state in OVER

    @property
    def records(self) -> Mapping[str, Record]:
        """What became of the steps of the plan of now, by id."""
        if self._execution is not None:
            return self._execution.records
        steps = self.checked.steps if self.checked is not None else ()
        return {step.step.id: Record() for step in steps}

    def decide(self, approve: bool, by: str, now: float) -> str:
        """Take somebody's decision.

        Returns:
            Why it changed nothing; empty if it did.
        """
        if self._approval is None or self.state != "waiting_for_approval":
            return "nothing waits for approval"
        before = self._approval.verdict(now)
        self._approval.decide(approve, by, now)
        return "" if before == "pending" else f"it was {before} before"

    def cancel(self, now: float) -> None:
        """End it: what runs is canceled."""
        if self.over:
            return
        if self._execution is not None and self.state == "running":
            self._execution.cancel(now, "canceled")
        self.state = "canceled"
        self.reason = "canceled"
        self.answer = self._answers.canceled(self.command.language)

    def tick(
        self, now: float, scene: Scene, taken: frozenset[Resource] = frozenset()
    ) -> MissionState:
        """Go on.

        Args:
            now: The time [s].
            scene: As of now.
            taken: What others use: steps that need it wait.
        """
        if self.state == "waiting_for_approval":
            self._wait(now, scene)
        elif self.state == "running" and self._execution is not None:
            progress = self._execution.tick(now, scene, taken)
            if progress == "succeeded":
                self._close("succeeded", scene)
            elif progress == "failed":
                self._recover(now, scene)
        return self.state

    def snapshot(self, unicode: bool = True) -> str:
        """Return the behaviour tree as text; empty while there is none."""
        return self._execution.snapshot(unicode) if self._execution else ""

    def _take(
        self,
        plan: Plan,
        scene: Scene,
        now: float,
        outcomes: Mapping[str, Outcome],
        facts: State | None = None,
    ) -> bool:
        """Check a plan, and begin it or wait for approval; tell whether it holds."""
        try:
            checked = self._validator.check(plan, scene, tuple(outcomes), facts)
        except Rejected as error:
            self.reason = str(error)
            if not outcomes:
                language = self.command.language
                refusal = self._answers.rejected(error, scene, language)
                self.error, self.answer = refusal.code, refusal.text
            return False
        self.checked = checked
        self._execution = Execution(
            checked,
            self._runner,
            self._validator,
            self._answers.speech,
            scene,
            self._config.execution,
            outcomes,
            facts,
        )
        reasons = set(checked.reasons)
        if self._config.approve_motion and checked.risk != "none":
            reasons.add("it moves")
        # What somebody approved once for this command needs no second yes.
        if reasons <= self._approved:
            self.state = "running"
        else:
            self.state = "waiting_for_approval"
            self.reason = "; ".join(sorted(reasons))
            self._asked = frozenset(reasons)
            self._approval = Approval(now, self._config.approval_timeout)
        return True

    def _wait(self, now: float, scene: Scene) -> None:
        if self._approval is None:
            return
        if scene.stopped:
            self.state, self.error = "failed", "stopped"
            self.reason = "the robot was stopped"
            self.answer = self._answers.stopped(self.command.language)
            return
        verdict = self._approval.verdict(now)
        if verdict == "approved":
            self._approved |= self._asked
            self.state, self.reason = "running", ""
        elif verdict == "denied":
            self.state, self.error = "denied", "denied"
            self.reason = self._approval.reason
            language = self.command.language
            self.answer = self._answers.denied(self.reason, language)

    def _recover(self, now: float, scene: Scene) -> None:
        execution = self._execution
        failure = execution.failed_step() if execution is not None else None
        if execution is None or failure is None or self.checked is None:
            self._close("failed", scene)
            return
        step, outcome = failure
        plan = replan(
            self.checked.plan,
            step,
            outcome,
            execution.outcomes,
            scene,
            self._tried,
            self._config.replanning,
        )
        before = self.checked
        if plan is not None:
            done = {
                k: v
                for k, v in execution.outcomes.items()
                if k not in {s.id for s in plan.steps}
            }
            records = dict(execution.records)
            if self._take(plan, scene, now, done, execution.facts()):
                self.history.append((before, records))
                return
        self.error = "stopped" if outcome.code == "stopped" else "step_failed"
        self.reason = outcome.reason
        self._close("failed", scene)

    def _close(self, state: MissionState, scene: Scene) -> None:
        self.state = state
        if self.checked is not None:
            self.answer = self._answers.closing(
                self.checked, self.records, scene, self.history
            )
