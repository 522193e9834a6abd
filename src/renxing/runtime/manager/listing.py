# SPDX-License-Identifier: Apache-2.0
"""Put together what the manager's lists answer."""

from collections.abc import Iterable

from renxing.controller_interface import Controller
from renxing.hardware_interface import State
from renxing.runtime.manager.answers import (
    ChainConnection,
    ControllerState,
    HardwareComponentState,
    HardwareInterface,
    ManagerStatistics,
    TimingSummary,
)
from renxing.runtime.manager.component import Component
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.cycle import Cycle
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.pace import Timing


def controller_state(spec: ControllerSpec) -> ControllerState:
    """Return what there is to say of a controller."""
    known = spec.state in (State.INACTIVE, State.ACTIVE)
    return ControllerState(
        name=spec.name,
        state=spec.state.label,
        type=spec.type,
        is_async=False,
        update_rate=round(spec.rate),
        claimed_interfaces=spec.claimed if spec.active else (),
        required_command_interfaces=spec.command_names if known else (),
        required_state_interfaces=spec.state_names if known else (),
        is_chainable=spec.chainable or _may_be_chainable(spec.controller),
        is_chained=spec.controller.chained,
        exported_state_interfaces=_short(spec, spec.exported_names if known else ()),
        reference_interfaces=_short(spec, spec.reference_names if known else ()),
        chain_connections=tuple(
            ChainConnection(
                name=other.name,
                reference_interfaces=_short(
                    other,
                    (n for n in spec.command_names if n in other.reference_names),
                ),
            )
            for other in spec.following
        )
        if known
        else (),
    )


def _may_be_chainable(controller: Controller) -> bool:
    kind = type(controller)
    return (
        kind.reference_names is not Controller.reference_names
        or kind.exported_names is not Controller.exported_names
    )


def _short(spec: ControllerSpec, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix(f"{spec.name}/") for name in names)


def component_state(
    component: Component, interfaces: Interfaces
) -> HardwareComponentState:
    """Return what there is to say of a component."""
    info = component.info
    return HardwareComponentState(
        name=info.name,
        type=info.type,
        is_async=False,
        rw_rate=component.rate,
        class_type=info.plugin,
        plugin_name=info.plugin,
        state=component.state,
        command_interfaces=tuple(
            _hardware_interface("command", name, component, interfaces)
            for name in component.command_names
        ),
        state_interfaces=tuple(
            _hardware_interface("state", name, component, interfaces)
            for name in component.state_names
        ),
    )


def _hardware_interface(
    kind: str, name: str, component: Component, interfaces: Interfaces
) -> HardwareInterface:
    return HardwareInterface(
        name=name,
        data_type=interfaces.resources.data_type(kind, name),
        is_available=component.available,
        is_claimed=kind == "command" and name in interfaces.claims,
    )


def all_interfaces(
    interfaces: Interfaces,
) -> tuple[tuple[HardwareInterface, ...], tuple[HardwareInterface, ...]]:
    """Return the command and the state interfaces of hardware and controllers."""
    found = []
    for kind, table in (
        ("command", interfaces.references),
        ("state", interfaces.exported),
    ):
        rows = [
            _hardware_interface(kind, name, component, interfaces)
            for component in interfaces.resources.components
            for name in (
                component.command_names if kind == "command" else component.state_names
            )
        ]
        rows += [
            HardwareInterface(
                name=name,
                data_type="double",
                is_available=spec.active,
                is_claimed=kind == "command" and name in interfaces.claims,
            )
            for name, (spec, _) in tuple(table.items())
        ]
        found.append(tuple(rows))
    return found[0], found[1]


def statistics(
    cycle: Cycle, specs: Iterable[ControllerSpec], components: Iterable[Component]
) -> ManagerStatistics:
    """Return all timings."""
    parts = tuple(components)
    return ManagerStatistics(
        phases={name: values.summary() for name, values in cycle.phases.items()},
        periodicity=cycle.periodicity.summary(),
        controllers={spec.name: _timing(spec.timing) for spec in specs},
        reads={part.name: _timing(part.reads) for part in parts},
        writes={part.name: _timing(part.writes) for part in parts},
    )


def _timing(timing: Timing) -> TimingSummary:
    return TimingSummary(
        execution_time=timing.execution_time.summary(),
        periodicity=timing.periodicity.summary(),
    )
