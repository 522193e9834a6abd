# SPDX-License-Identifier: Apache-2.0
"""Goals whose servers do not answer.

A server that has not discovered all of its client yet carries out what it is asked, but
its answer gets lost (DDS matches readers and writers one by one). The goal's id is its
client's choice, so it can be asked after and cancelled all the same.
"""

import uuid
from typing import Any

from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from unique_identifier_msgs.msg import UUID


def new_goal_id() -> UUID:
    """Return an id that no other goal has."""
    return UUID(uuid=list(uuid.uuid4().bytes))


def unanswered(client: ActionClient, kind: Any, goal_id: UUID) -> ClientGoalHandle:
    """Return a handle for a goal that may have been accepted.

    Its result has the status unknown if the server has no such goal.

    Args:
        client: That sent it.
        kind: The action.
        goal_id: With which it was sent.
    """
    answer = kind.Impl.SendGoalService.Response(accepted=True)
    return ClientGoalHandle(client, goal_id, answer)
