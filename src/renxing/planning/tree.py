# SPDX-License-Identifier: Apache-2.0
"""A checked plan as a py_trees behaviour tree.

Nothing in the tree has memory of its own: each step is `done or (allowed and run)`, and
what is done stands in the records. So whatever interrupts the tree, it goes on where it
was, and never does a step twice (a preempted py_trees sequence with memory would begin
again at its first child).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import py_trees
from py_trees.common import Status

from renxing.errors import RenxingError
from renxing.planning.checked import CheckedPlan, CheckedStep, Rejected
from renxing.planning.plan import Command, PlanError, bind
from renxing.planning.runner import Call, Record, Runner
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome, Resource
from renxing.planning.state import State
from renxing.planning.validator import Validator

PATIENCE = 2.0  # [s] for which the scene may lack what a step has just found
# What `say` and `report` say; it is asked when the step begins, for outcomes of before.
Speech = Callable[[CheckedStep, Mapping[str, Outcome], Scene, Command], str]


@dataclass(slots=True, kw_only=True)
class Context:
    """What the nodes of a tree share.

    Attributes:
        command: That the plan is for.
        runner: Who carries steps out.
        validator: Who checks each step once more before it begins.
        speech: What is said.
        records: Of all steps, by id.
        outcomes: Of steps that ended, also of earlier revisions.
        scene: As of this tick.
        facts: What the steps so far brought about.
        now: Time of this tick [s].
        taken: What others use in this tick.
        halted: Why nothing may begin; empty while all may.
    """

    command: Command
    runner: Runner[Any]
    validator: Validator
    speech: Speech
    records: dict[str, Record]
    outcomes: dict[str, Outcome]
    scene: Scene
    facts: State
    now: float = 0.0
    taken: frozenset[Resource] = frozenset()
    halted: Outcome | None = None


class Condition(py_trees.behaviour.Behaviour):
    """Holds or fails, in each tick anew."""

    def __init__(self, name: str, holds: Callable[[], str]) -> None:
        """Take what says why it fails; empty while it holds."""
        super().__init__(name)
        self._holds = holds

    def update(self) -> Status:
        """Ask."""
        self.feedback_message = self._holds()
        return Status.FAILURE if self.feedback_message else Status.SUCCESS


class Run(py_trees.behaviour.Behaviour):
    """Carries one step out, from its start to its outcome."""

    def __init__(self, checked: CheckedStep, context: Context) -> None:
        super().__init__(checked.step.text or checked.step.skill)
        self._checked = checked
        self._context = context
        self._record = context.records[checked.step.id]
        self._handle: Any = None
        self._call: Call | None = None
        self._asked: float | None = None

    def update(self) -> Status:
        """Start it, or ask what became of it."""
        context = self._context
        if self._call is None:
            return self._begin()
        outcome = context.runner.poll(self._handle)
        if outcome is None:
            started = self._record.started or 0.0
            if context.now - started <= self._call.timeout:
                return Status.RUNNING
            context.runner.cancel(self._handle)
            reason = f"not done within {self._call.timeout:g} s"
            outcome = Outcome(success=False, reason=reason, code="timeout")
        elif outcome.success and (lacking := self._checked.skill.lacks(outcome)):
            reason = f"it did not measure {', '.join(lacking)}"
            outcome = replace_outcome(outcome, reason, "unmeasured")
        return self._end(outcome)

    def terminate(self, new_status: Status) -> None:
        """Cancel it if something took its turn."""
        if new_status != Status.INVALID or self._call is None:
            return
        self._context.runner.cancel(self._handle)
        why = self._context.halted or Outcome(
            success=False, reason="interrupted", code="canceled"
        )
        self._end(why, canceled=True)

    def _begin(self) -> Status:
        context, checked = self._context, self._checked
        if self._asked is None:
            self._asked = context.now
        held = checked.skill.resources & context.taken
        if held:
            self.feedback_message = f"waits for {', '.join(sorted(held))}"
            if context.now - self._asked <= checked.timeout:
                return Status.RUNNING
            reason = f"{', '.join(sorted(held))}: held by others"
            return self._end(Outcome(success=False, reason=reason, code="busy"))
        try:
            bound = bind(checked.step, context.outcomes)
            checked = context.validator.check_step(
                bound, context.command, context.scene, context.facts
            )
            speech = ""
            if checked.skill.name in ("say", "report"):
                speech = context.speech(
                    checked, context.outcomes, context.scene, context.command
                )
            call = Call(
                step=checked.step.id,
                skill=checked.skill.name,
                arguments=checked.arguments,
                language=context.command.language,
                speech=speech,
                timeout=checked.timeout,
            )
            self._handle = context.runner.start(call)
        except Rejected as error:
            if self._news_may_come(error):
                self.feedback_message = "waits to see what was found"
                return Status.RUNNING
            code = error.problems[0].rule
            return self._end(Outcome(success=False, reason=str(error), code=code))
        except PlanError as error:
            outcome = Outcome(success=False, reason=str(error), code="not_found")
            return self._end(outcome)
        except RenxingError as error:
            outcome = Outcome(success=False, reason=str(error), code="refused")
            return self._end(outcome)
        self._checked, self._call = checked, call
        self._record.state, self._record.started = "running", context.now
        self.feedback_message = "runs"
        return Status.RUNNING

    def _news_may_come(self, error: Rejected) -> bool:
        """Tell whether the scene only lacks what a step has just found."""
        found = {o.measured.get("object") for o in self._context.outcomes.values()}
        missing = all(p.rule == "reference" for p in error.problems)
        known = all(p.subject in found for p in error.problems)
        waited = self._context.now - (self._asked or 0.0)
        return missing and known and waited <= PATIENCE

    def _end(self, outcome: Outcome, canceled: bool = False) -> Status:
        context, step = self._context, self._checked.step.id
        self._call = None
        self._record.outcome = outcome
        self._record.ended = context.now
        context.outcomes[step] = outcome
        self.feedback_message = outcome.reason
        if outcome.success:
            self._record.state = "succeeded"
            self._remember()
            return Status.SUCCESS
        self._record.state = "canceled" if canceled else "failed"
        return Status.FAILURE

    def _remember(self) -> None:
        """Note what the step brought about, for the needs of those after it."""
        context, checked = self._context, self._checked
        state = replace(State.of(context.scene), facts=context.facts.facts)
        after = checked.skill.effects(checked.arguments, state, checked.step.id)
        context.facts = after


def replace_outcome(outcome: Outcome, reason: str, code: str) -> Outcome:
    """Return a failure with what was measured."""
    return Outcome(success=False, measured=outcome.measured, reason=reason, code=code)


def grow(checked: CheckedPlan, context: Context) -> py_trees.trees.BehaviourTree:
    """Return the tree of a plan.

    Args:
        checked: By the validator of the context.
        context: With a record for each step.
    """
    root = py_trees.composites.Sequence("task", memory=False)
    root.add_child(Condition("nothing forbids it", lambda: _halted(context)))
    for step in checked.steps:
        choice = py_trees.composites.Selector(f"step {step.step.id}", memory=False)
        record = context.records[step.step.id]
        choice.add_child(Condition("done", partial(_not_done, record)))
        choice.add_child(Run(step, context))
        root.add_child(choice)
    return py_trees.trees.BehaviourTree(root)


def snapshot(tree: py_trees.trees.BehaviourTree, unicode: bool = True) -> str:
    """Return a tree as text, one node a line, with the state of each."""
    draw = py_trees.display.unicode_tree if unicode else py_trees.display.ascii_tree
    return str(draw(tree.root, show_status=True))


def _halted(context: Context) -> str:
    return context.halted.reason if context.halted is not None else ""


def _not_done(record: Record) -> str:
    return "" if record.state in ("succeeded", "skipped") else "not yet"
