# SPDX-License-Identifier: Apache-2.0
"""Ask the brain to do something, from a terminal: `renxing ask "go to the door"`.

Prints what is said and what each step measured, and one closing line. Ctrl-C cancels
the task and waits until the robot stands.
"""

import argparse
import json
import math
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions

from renxing.nodes import convert
from renxing.nodes.brain.odometer import Odometer
from renxing.nodes.goal_ids import new_goal_id, unanswered
from renxing.nodes.loop_watch import LoopWatch
from renxing.runtime.ledger_report import in_words
from renxing_msgs.action import ExecuteTask
from renxing_msgs.msg import LocomotionStatus, PlanStep, Utterance
from renxing_msgs.srv import DecidePlan

SPIN = 0.1  # [s] the longest that a signal waits
SERVER_TIME = 60.0  # [s] in which the brain has to appear
ANSWER_TIME = 5.0  # [s] in which the brain takes or refuses what it is asked
GONE_TIME = 3.0  # [s] without the brain after which no answer comes any more
CANCEL_TIME = 15.0  # [s] in which a cancelled task has to end
MARKS = {
    PlanStep.SUCCEEDED: "ok",
    PlanStep.FAILED: "FAILED",
    PlanStep.SKIPPED: "skipped",
    PlanStep.CANCELED: "cancelled",
}
FALLS = ("falls", "lies")


@dataclass(slots=True)
class Summary:
    """What was measured while a task ran.

    Attributes:
        task: Its id.
        success: Whether it was done.
        answer: What the robot said at the end.
        reason: Why it was not done.
        distance: Walked meanwhile, by odometry [m]; None if nobody told.
        duration: From the command to the end [s].
        falls: Times that the robot lost its balance.
        loop: What `LoopWatch` tells; empty if nobody told.
        steps: What each measured, in order.
    """

    task: str = ""
    success: bool = False
    answer: str = ""
    reason: str = ""
    distance: float | None = None
    duration: float = 0.0
    falls: int = 0
    loop: dict[str, float] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)

    def line(self) -> str:
        """Return the closing line."""
        done = "done" if self.success else f"not done: {self.reason}"
        way = "?" if self.distance is None else f"{self.distance:.1f}"
        return (
            f"{done}; walked {way} m in {self.duration:.0f} s, "
            f"{self.falls} falls, {in_words(self.loop)}"
        )


class Asker(Node):
    """A client of execute_task."""

    def __init__(self, namespace: str, approve: bool, quiet: bool) -> None:
        """Join the graph.

        Args:
            namespace: Of the stack.
            approve: Whether to approve what waits for it.
            quiet: Whether to print nothing on the way.
        """
        super().__init__("asker", namespace=namespace or None)
        self.summary = Summary()
        self._approve, self._quiet = approve, quiet
        self._printed: set[tuple[int, str, int]] = set()
        self._asked = ""
        self._falling = False
        self._began = 0.0
        self._odometer = Odometer(self)
        self._start = 0.0
        self._loop = LoopWatch(self)
        self.client = ActionClient(self, ExecuteTask, "execute_task")
        self._decide = self.create_client(DecidePlan, "brain/decide")
        hear = self.create_subscription
        hear(Utterance, "brain/dialogue", self.on_line, QoSProfile(depth=20))
        hear(LocomotionStatus, "locomotion/status", self.on_status, 1)

    def on_line(self, message: Utterance) -> None:
        """Print what is said."""
        if not self._quiet:
            print(f"  {message.speaker}: {message.text}", flush=True)

    def on_status(self, message: LocomotionStatus) -> None:
        """Count falls."""
        falling = message.mode.startswith(FALLS)
        if falling and not self._falling:
            self.summary.falls += 1
        self._falling = falling

    def begin(self) -> None:
        """Measure from now on."""
        self._start = self._odometer.way
        self._loop.begin()

    def on_feedback(self, message: Any) -> None:
        """Print steps that ended, and approve if that is wanted."""
        self.take(message.feedback.plan)

    def take(self, plan: Any) -> None:
        """Take a plan as it is now."""
        self.summary.task = plan.id
        if plan.state == plan.WAITING_FOR_APPROVAL and self._asked != plan.id:
            self._asked = plan.id
            print(f"  waits for approval: {plan.reason}", flush=True)
            if self._approve:
                self._decide.call_async(
                    DecidePlan.Request(task=plan.id, approve=True, by="renxing ask")
                )
            else:
                print("  decide on the page, or call brain/decide", flush=True)
        for step in plan.steps:
            key = (plan.revision, step.id, step.state)
            if step.state not in MARKS or key in self._printed:
                continue
            self._printed.add(key)
            outcome = json.loads(step.outcome) if step.outcome else {}
            measured = outcome.get("measured", {})
            row = {"skill": step.skill, "text": step.text, **outcome}
            self.summary.steps.append(row)
            if not self._quiet:
                print(f"  {_step_line(step, measured)}", flush=True)

    def end(self, result: Any, seconds: float) -> None:
        """Take the result."""
        self.take(result.plan)
        summary = self.summary
        summary.success = result.error_code == ExecuteTask.Result.NONE
        summary.answer, summary.reason = result.answer, result.error_msg
        summary.duration, summary.loop = seconds, self._loop.told()
        if self._odometer.stamp > -math.inf:
            summary.distance = self._odometer.way - self._start


def _step_line(step: Any, measured: dict[str, Any]) -> str:
    told = ", ".join(
        f"{name} {value}"
        for name, value in measured.items()
        if name not in ("said", "label", "color") and not isinstance(value, list)
    )
    took = convert.to_seconds(step.ended) - convert.to_seconds(step.started)
    why = f": {step.reason}" if step.reason else ""
    text = step.text or step.skill
    return f"[{MARKS[step.state]:>7}] {text}{why} ({told}; {took:.1f} s)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, and wait for the end: 0 if it was done, 1 if not, 2 without a brain."""
    parser = argparse.ArgumentParser(prog="renxing ask", description=__doc__)
    parser.add_argument("text", help="what to do, in English or Chinese")
    parser.add_argument("--namespace", default="", help="of the stack")
    parser.add_argument("--planner", default="", help="offline or server")
    parser.add_argument("--plan", action="store_true", help="plan and check, no more")
    parser.add_argument(
        "--approve", action="store_true", help="approve what waits for approval"
    )
    parser.add_argument("--json", metavar="FILE", help="write what was measured")
    chosen = parser.parse_args(arguments)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    stopped: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    executor = EventsExecutor()
    node = Asker(chosen.namespace, chosen.approve, quiet=False)
    executor.add_node(node)
    try:
        code = _ask(node, executor, chosen, stopped)
    finally:
        node.client.destroy()
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
    if chosen.json:
        _write(chosen.json, node.summary)
    return code


def _ask(node: Asker, executor: Any, chosen: Any, stopped: list[int]) -> int:
    deadline = time.monotonic() + SERVER_TIME
    while not node.client.server_is_ready() and not stopped:
        if time.monotonic() > deadline:
            print(
                "renxing ask: no brain answers; start it with brain:=true",
                file=sys.stderr,
            )
            return 2
        executor.spin_once(timeout_sec=SPIN)
    goal = ExecuteTask.Goal(
        text=chosen.text, planner=chosen.planner, plan_only=chosen.plan
    )
    began = time.monotonic()
    node.begin()
    handle = _send(node, executor, goal, stopped)
    if not handle.accepted:
        print("renxing ask: the brain refuses: it is busy or inactive", file=sys.stderr)
        return 2
    ended = handle.get_result_async()
    cancelled_at, present = 0.0, time.monotonic()
    while not ended.done():
        executor.spin_once(timeout_sec=SPIN)
        if node.client.server_is_ready():
            present = time.monotonic()
        elif time.monotonic() - present > GONE_TIME:
            node.summary.reason = "the brain is gone"
            print(f"renxing ask: {node.summary.reason}", file=sys.stderr)
            return 2
        if stopped and not cancelled_at:
            print("  cancelling: the robot comes to a stand", flush=True)
            handle.cancel_goal_async()
            cancelled_at = time.monotonic()
        if cancelled_at and time.monotonic() - cancelled_at > CANCEL_TIME:
            print("renxing ask: the brain does not answer", file=sys.stderr)
            return 2
    if ended.result().status == GoalStatus.STATUS_UNKNOWN:
        print("renxing ask: the brain refuses it or did not hear it", file=sys.stderr)
        return 2
    node.end(ended.result().result, time.monotonic() - began)
    if stopped:
        node.summary.reason = "cancelled"
    print(node.summary.line(), flush=True)
    return 0 if node.summary.success else 1


def _send(
    node: Asker, executor: Any, goal: ExecuteTask.Goal, stopped: list[int]
) -> ClientGoalHandle:
    """Send a goal and return its handle, also if no answer comes."""
    goal_id = new_goal_id()
    hear = node.on_feedback
    sent = node.client.send_goal_async(goal, feedback_callback=hear, goal_uuid=goal_id)
    deadline = time.monotonic() + ANSWER_TIME
    while not sent.done() and not stopped and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=SPIN)
    if sent.done():
        return sent.result()
    return unanswered(node.client, ExecuteTask, goal_id)


def _write(file: str, summary: Summary) -> None:
    values = {name: getattr(summary, name) for name in Summary.__slots__}
    values |= values.pop("loop")
    with open(file, "w", encoding="utf-8") as stream:
        json.dump(values, stream, ensure_ascii=False, indent=1)
        stream.write("\n")


if __name__ == "__main__":
    sys.exit(main())
