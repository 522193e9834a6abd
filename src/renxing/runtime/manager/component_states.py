# SPDX-License-Identifier: Apache-2.0
"""Bring hardware to a state, or back to what it could."""

from collections.abc import Iterable

from renxing.errors import ConfigError
from renxing.hardware_interface import Result, State
from renxing.runtime.manager.answers import StateAnswer
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.life_cycle import (
    CLEANUP,
    DEACTIVATE,
    SHUTDOWN,
    attempt,
    parse_state,
)
from renxing.runtime.manager.resource_manager import ResourceManager
from renxing.runtime.manager.switch_requests import SwitchRequests
from renxing.runtime.manager.switcher import users_of


def set_component_state(
    resources: ResourceManager,
    requests: SwitchRequests,
    controllers: Iterable[ControllerSpec],
    request: tuple[str, int, str],
    *,
    allow_inactive: bool,
) -> StateAnswer:
    """Bring a component to a state; controllers that lose it are stopped first.

    Args:
        resources: The hardware.
        requests: Stops controllers.
        controllers: All that are loaded.
        request: Name of the component, number of a primary state, or 0 and its label.
        allow_inactive: Whether controllers may command an inactive component.
    """
    name, state, label = request
    try:
        component = resources.component(name)
    except ConfigError as error:
        return StateAnswer(ok=False, state=State.UNKNOWN, message=str(error))
    try:
        goal = parse_state(state, label)
        steps = component.steps_to(goal)
    except ConfigError as error:
        return StateAnswer(ok=False, state=component.state, message=str(error))
    users: set[ControllerSpec] = set()
    if CLEANUP in steps or SHUTDOWN in steps:
        users = users_of(controllers, (name,))
    elif DEACTIVATE in steps and not allow_inactive:
        users = users_of(controllers, (name,), only_commands=True)
    why = requests.stop(users) if users else ""
    if not why:
        why = resources.set_component_state(name, goal)
    return StateAnswer(ok=not why, state=component.state, message=why)


def recover(resources: ResourceManager) -> None:
    """Let all active components get back what they have lost."""
    for component in resources.components:
        with component.lock:
            if component.state is not State.ACTIVE:
                continue
            result, why = attempt(component.hardware.recover)
            if result is not Result.SUCCESS:
                what = f"recover: {why or result.value}"
                resources.events.error(component.name, what)
