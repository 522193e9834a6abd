# SPDX-License-Identifier: Apache-2.0
"""The page's line to the brain: its plan and dialogue, and what an operator asks."""

import json
from collections import deque
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger

from renxing.console.task import PlannedStep, TaskReport
from renxing.errors import DeviceError
from renxing.nodes.brain.plan_messages import STATES
from renxing.nodes.console_operator import answer_of
from renxing_msgs.action import ExecuteTask
from renxing_msgs.msg import Plan, Utterance
from renxing_msgs.srv import DecidePlan

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
DIALOGUE = QoSProfile(depth=50, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
KEPT = 50  # lines of the dialogue
STEP_STATES = {number: name for name, number in STATES.items()}
PLAN_STATES = {
    Plan.PROPOSED: "proposed",
    Plan.WAITING_FOR_APPROVAL: "waits for approval",
    Plan.RUNNING: "running",
    Plan.SUCCEEDED: "done",
    Plan.FAILED: "failed",
    Plan.DENIED: "denied",
    Plan.CANCELED: "cancelled",
    Plan.REJECTED: "refused",
}


class ConsoleBrain:
    """The `Brain` of the page; its methods are called in the page's threads."""

    def __init__(self, node: Node) -> None:
        """Join the graph."""
        self._node = node
        self._plan: Plan | None = None
        self._lines: deque[tuple[str, str]] = deque(maxlen=KEPT)
        self._client = ActionClient(node, ExecuteTask, "execute_task")
        self._decide = node.create_client(DecidePlan, "brain/decide")
        self._cancel = node.create_client(Trigger, "brain/cancel")
        node.create_subscription(Plan, "brain/plan", self.on_plan, LATCHED)
        node.create_subscription(Utterance, "brain/dialogue", self.on_line, DIALOGUE)

    def close(self) -> None:
        """Let go of the action."""
        self._client.destroy()

    def on_plan(self, message: Plan) -> None:
        """Keep the plan."""
        self._plan = message

    def on_line(self, message: Utterance) -> None:
        """Keep a line of the dialogue."""
        self._lines.append((message.speaker, message.text))

    def report(self, *, replayed: bool = False) -> TaskReport | None:
        """Return what the brain is about; None without one.

        Args:
            replayed: Whether a recording is played, in which it need not answer.
        """
        if not replayed and not self._decide.service_is_ready():
            return None
        plan = self._plan
        if plan is None:
            return TaskReport(lines=tuple(self._lines))
        return TaskReport(
            lines=tuple(self._lines),
            asked=plan.text,
            state=PLAN_STATES.get(plan.state, ""),
            reason=plan.reason,
            source=plan.source,
            steps=tuple(_step(step) for step in plan.steps),
            waits=plan.state == Plan.WAITING_FOR_APPROVAL,
            runs=plan.state in (Plan.RUNNING, Plan.WAITING_FOR_APPROVAL),
        )

    def ask(self, text: str) -> str:
        """Have it do something; the dialogue says what comes of it."""
        if not self._client.server_is_ready():
            raise DeviceError("no brain answers")
        self._client.send_goal_async(ExecuteTask.Goal(text=text))
        return f"asked: {text}"

    def decide(self, approve: bool) -> str:
        """Approve or deny the plan that waits."""
        plan = self._plan
        request = DecidePlan.Request(
            task=plan.id if plan is not None else "", approve=approve, by="page"
        )
        return answer_of("brain/decide", self._decide, request)

    def cancel(self) -> str:
        """End the task that runs."""
        return answer_of("brain/cancel", self._cancel, Trigger.Request())


def _step(step: Any) -> PlannedStep:
    told = step.reason
    if not told and step.outcome:
        measured = json.loads(step.outcome).get("measured", {})
        told = ", ".join(
            f"{name} {value}"
            for name, value in measured.items()
            if not isinstance(value, list)
        )
    return PlannedStep(
        text=step.text or step.skill, state=STEP_STATES[step.state], told=told
    )
