# SPDX-License-Identifier: Apache-2.0
"""Plans as messages."""

import json
from collections.abc import Mapping, Sequence

from renxing.nodes import convert
from renxing.planning.checked import CheckedPlan
from renxing.planning.plan import Step
from renxing.planning.runner import Record
from renxing.planning.skill import Outcome
from renxing_msgs.msg import Plan, PlanStep

STATES = {
    "waiting": PlanStep.WAITING,
    "running": PlanStep.RUNNING,
    "succeeded": PlanStep.SUCCEEDED,
    "failed": PlanStep.FAILED,
    "skipped": PlanStep.SKIPPED,
    "canceled": PlanStep.CANCELED,
}


def fill(message: Plan, checked: CheckedPlan, records: Mapping[str, Record]) -> None:
    """Put a revision of a plan into its message.

    Args:
        message: Of the task.
        checked: The revision.
        records: What became of its steps, by id.
    """
    plan = checked.plan
    message.source, message.revision, message.reason = (
        plan.source,
        plan.revision,
        plan.note,
    )
    steps = [one.step for one in checked.steps]
    risks = {one.step.id: one.risk for one in checked.steps}
    message.steps = to_steps(steps, risks, records)


def to_steps(
    steps: Sequence[Step], risks: Mapping[str, str], records: Mapping[str, Record]
) -> list[PlanStep]:
    """Return steps as messages.

    Args:
        steps: Of a plan.
        risks: By the steps' ids.
        records: What became of them, by id.
    """
    made = []
    for step in steps:
        record = records.get(step.id, Record())
        message = PlanStep(
            id=step.id,
            skill=step.skill,
            arguments=json.dumps(step.arguments, ensure_ascii=False),
            text=step.text,
            risk=risks.get(step.id, ""),
            state=STATES[record.state],
        )
        if record.outcome is not None:
            message.reason = record.outcome.reason
            message.outcome = outcome_json(record.outcome)
        if record.started is not None:
            message.started = convert.to_time(record.started)
        if record.ended is not None:
            message.ended = convert.to_time(record.ended)
        made.append(message)
    return made


def outcome_json(outcome: Outcome) -> str:
    """Return an outcome as JSON."""
    return json.dumps(
        {
            "success": outcome.success,
            "code": outcome.code,
            "reason": outcome.reason,
            "measured": outcome.measured,
        },
        ensure_ascii=False,
        default=str,
    )
