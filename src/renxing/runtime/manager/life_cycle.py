# SPDX-License-Identifier: Apache-2.0
"""Where a life cycle step leads; the table of ros2_control, for hardware.

A step that comes to an ERROR ends where `on_error` sends it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from renxing.errors import ConfigError
from renxing.hardware_interface import Result, State

_UNCONFIGURED, _INACTIVE = State.UNCONFIGURED, State.INACTIVE
_ACTIVE, _FINALIZED = State.ACTIVE, State.FINALIZED


@dataclass(frozen=True, slots=True)
class Step:
    """A life cycle step.

    Attributes:
        method: Of the component that does it.
        start: States that it is allowed in.
        success: State after a success.
        failure: State after a failure; None makes a failure an error.
    """

    method: str
    start: tuple[State, ...]
    success: State
    failure: State | None


CONFIGURE = Step("on_configure", (_UNCONFIGURED,), _INACTIVE, _UNCONFIGURED)
ACTIVATE = Step("on_activate", (_INACTIVE,), _ACTIVE, _INACTIVE)
DEACTIVATE = Step("on_deactivate", (_ACTIVE,), _INACTIVE, _ACTIVE)
CLEANUP = Step("on_cleanup", (_INACTIVE,), _UNCONFIGURED, None)
SHUTDOWN = Step("on_shutdown", (_UNCONFIGURED, _INACTIVE, _ACTIVE), _FINALIZED, None)


def way(start: State, goal: State) -> tuple[Step, ...]:
    """Return the steps that lead from one state to another one.

    Raises:
        ConfigError: If there is no way: from finalized, or to no primary state.
    """
    if start == goal and goal in (_UNCONFIGURED, _INACTIVE, _ACTIVE, _FINALIZED):
        return ()
    if goal == _FINALIZED and start != State.UNKNOWN:
        return (SHUTDOWN,)
    stairs = (_UNCONFIGURED, _INACTIVE, _ACTIVE)
    if start not in stairs or goal not in stairs:
        raise ConfigError(f"no way from {start.label} to {goal.label}")
    low, high = stairs.index(start), stairs.index(goal)
    up, down = (CONFIGURE, ACTIVATE), (CLEANUP, DEACTIVATE)
    return up[low:high] if low < high else down[high:low][::-1]


def attempt(step: Callable[[], Result]) -> tuple[Result, str]:
    """Do a step of somebody else's code; nothing it raises gets out.

    Returns:
        What it came to, and why if it raised: a `ConfigError` is a failure, all else
        an error.
    """
    try:
        result: object = step()
    except ConfigError as error:
        return Result.FAILURE, str(error)
    except Exception as error:
        return Result.ERROR, f"{type(error).__name__}: {error}"
    if not isinstance(result, Result):
        return Result.ERROR, f"returned {result!r}, not a Result"
    return result, ""


def parse_state(number: int, label: str) -> State:
    """Return the primary state that a request names; the label counts if it is 0.

    Raises:
        ConfigError: If it names none.
    """
    for state in (_UNCONFIGURED, _INACTIVE, _ACTIVE, _FINALIZED):
        if number == state or (number == 0 and label == state.label):
            return state
    raise ConfigError(
        f"state {number} '{label}': no primary state; there are unconfigured (1), "
        "inactive (2), active (3), finalized (4)"
    )
