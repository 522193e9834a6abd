# SPDX-License-Identifier: Apache-2.0
"""What the manager answers: the messages of controller_manager_msgs as plain values.

Names and order of the fields are those of the messages, so that a node only copies.
"""

from dataclasses import dataclass

from renxing.hardware_interface import State
from renxing.runtime.manager.pace import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainConnection:
    """Which reference interfaces of a following controller another one writes."""

    name: str
    reference_interfaces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerState:
    """One loaded controller."""

    name: str
    state: str
    type: str
    is_async: bool
    update_rate: int
    claimed_interfaces: tuple[str, ...]
    required_command_interfaces: tuple[str, ...]
    required_state_interfaces: tuple[str, ...]
    is_chainable: bool
    is_chained: bool
    exported_state_interfaces: tuple[str, ...]
    reference_interfaces: tuple[str, ...]
    chain_connections: tuple[ChainConnection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareInterface:
    """One state or command interface."""

    name: str
    data_type: str
    is_available: bool
    is_claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareComponentState:
    """One component; `state` has the number and, as `state.label`, the name."""

    name: str
    type: str
    is_async: bool
    rw_rate: int
    class_type: str
    plugin_name: str
    state: State
    command_interfaces: tuple[HardwareInterface, ...]
    state_interfaces: tuple[HardwareInterface, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLifecycleState:
    """A controller or component with its state."""

    name: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """The fields of `ControllerManagerActivity` but its header."""

    controllers: tuple[NamedLifecycleState, ...]
    hardware_components: tuple[NamedLifecycleState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a request went.

    Attributes:
        ok: Whether it was done.
        message: Why not, or what was done.
    """

    ok: bool
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAnswer:
    """How `set_hardware_component_state` went, and the state that is reached."""

    ok: bool
    state: State
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingSummary:
    """Turns of a controller or component.

    Attributes:
        execution_time: [us].
        periodicity: [Hz].
    """

    execution_time: Summary
    periodicity: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerStatistics:
    """All timings since start or activation.

    Attributes:
        phases: Time that each phase of a cycle took [us]: `read_time`, `update_time`,
            `write_time`, `total_time`, and `switch_time` of the cycles with a switch.
        periodicity: Of the cycle [Hz].
        controllers: By name.
        reads: Of the components, by name.
        writes: Of the components, by name.
    """

    phases: dict[str, Summary]
    periodicity: Summary
    controllers: dict[str, TimingSummary]
    reads: dict[str, TimingSummary]
    writes: dict[str, TimingSummary]
