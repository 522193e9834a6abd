# SPDX-License-Identifier: Apache-2.0
"""What the two halves of the trajectory controller tell each other."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from renxing.control.trajectory import Points
from renxing.control.trajectory_tolerances import Tolerances
from renxing.spatial import Array


class Code(IntEnum):
    """Result codes of `control_msgs/action/FollowJointTrajectory`."""

    SUCCESSFUL = 0
    INVALID_GOAL = -1
    INVALID_JOINTS = -2
    OLD_HEADER_TIMESTAMP = -3
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5


class Outcome(Enum):
    """How an action goal ended."""

    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryGoal:
    """Follow a trajectory.

    Attributes:
        points: In the controller's joint order.
        begin: When the points' times start, on the loop's clock [s]; None is at once.
        number: Of the action goal; None for one from the topic.
        tolerances: Of the action goal; None for those of the parameters.
    """

    points: Points
    begin: float | None = None
    number: int | None = None
    tolerances: Tolerances | None = None


@dataclass(frozen=True, slots=True)
class CancelTrajectory:
    """Give up an action goal and stop.

    Attributes:
        number: Of the goal.
    """

    number: int


@dataclass(frozen=True, slots=True)
class SpeedScaling:
    """Play trajectories slower or faster.

    Attributes:
        factor: 1 is the planned speed, 0 stands still.
    """

    factor: float


@dataclass(frozen=True, slots=True)
class QueryTrajectory:
    """Ask for the state that the trajectory wants at a time.

    Attributes:
        number: Of the question.
        time: On the loop's clock [s].
    """

    number: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrajectoryAnswer:
    """Answer to `QueryTrajectory`.

    Attributes:
        number: Of the question.
        success: Whether the trajectory says anything about that time.
        message: Why not.
        state: Position, velocity, acceleration, shape (3, n).
    """

    number: int
    success: bool
    message: str
    state: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryResult:
    """An action goal has ended.

    Attributes:
        number: Of the goal.
        outcome: How.
        code: Why.
        text: The same in words.
    """

    number: int
    outcome: Outcome
    code: Code = Code.SUCCESSFUL
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrajectoryState:
    """What the controller wants, sees and commands; rows as in a trajectory.

    Attributes:
        stamp: Now [s].
        number: Of the action goal that runs, if one does.
        time: Since the trajectory's start, slowed down by the scaling [s].
        elapsed: Since the trajectory's start, on the loop's clock [s].
        reference: Wanted, shape (3, n).
        feedback: Measured, shape (3, n).
        error: Wanted minus measured, shape (3, n).
        output: Commands, one row for each command joint, shape (m, k).
        scaling: Speed scaling factor.
    """

    stamp: float
    number: int | None
    time: float
    elapsed: float
    reference: Array
    feedback: Array
    error: Array
    output: Array
    scaling: float
