# SPDX-License-Identifier: Apache-2.0
"""Bring all hardware to its first states, group by group."""

from collections.abc import Iterable
from dataclasses import dataclass

from renxing.errors import DeviceError
from renxing.hardware_interface import State
from renxing.runtime.manager.resource_manager import ResourceManager


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialStates:
    """Which components do not become active by themselves at start.

    Attributes:
        unconfigured: They are only loaded.
        inactive: They are only configured.
        shutdown_on_failure: Whether a component that fails stops the start.
    """

    unconfigured: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    shutdown_on_failure: bool = True


def start_components(resources: ResourceManager, initial: InitialStates) -> None:
    """Bring all components to their first states.

    Those of a group are all configured before the first becomes active; if one fails,
    all of the group go back to inactive.

    Raises:
        DeviceError: If one fails and `initial` asks to stop then.
    """
    rest = {component.name: component for component in resources.components}
    known = set(rest)
    for names, goal in (
        (initial.unconfigured, State.UNCONFIGURED),
        (initial.inactive, State.INACTIVE),
    ):
        for name in filter(None, names):
            if name not in known:
                what = f"there is no such component to be {goal.label}"
                resources.events.warn(name, what)
                continue
            _bring(resources, name, goal, initial)
            rest.pop(name, None)
    groups: dict[str, list[str]] = {}
    for name, component in rest.items():
        # Those without a group are groups of one.
        group = component.info.group
        groups.setdefault(f"group {group}" if group else name, []).append(name)
    for members in groups.values():
        _start_group(resources, members, initial)


def _start_group(
    resources: ResourceManager, members: list[str], initial: InitialStates
) -> None:
    try:
        for goal in (State.INACTIVE, State.ACTIVE):
            for name in members:
                if not _bring(resources, name, goal, initial):
                    _roll_back(resources, members)
                    return
    except DeviceError:
        _roll_back(resources, members)
        raise


def _roll_back(resources: ResourceManager, members: Iterable[str]) -> None:
    for name in members:
        if resources.component(name).state is State.ACTIVE:
            resources.events.warn(name, "goes back to inactive with its group")
            resources.set_component_state(name, State.INACTIVE)


def _bring(
    resources: ResourceManager, name: str, goal: State, initial: InitialStates
) -> bool:
    why = resources.set_component_state(name, goal)
    if why and initial.shutdown_on_failure:
        raise DeviceError(f"component '{name}': not {goal.label}: {why}")
    if why:
        resources.events.error(name, f"not {goal.label}: {why}")
    return not why
