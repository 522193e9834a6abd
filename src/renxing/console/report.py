# SPDX-License-Identifier: Apache-2.0
"""What the page is told, and what it can ask for."""

from dataclasses import dataclass
from typing import Protocol

from renxing.console.authority import Authority
from renxing.runtime.core_report import CoreReport
from renxing.spatial import SE3, Array

POSTURE_TYPE = "renxing/PostureController"


class Operator(Protocol):
    """What the page can ask for; each returns words for a notice, or raises."""

    def stop(self, by: str) -> str:
        """Emergency stop; `by` says what was pressed."""
        ...

    def release(self) -> str:
        """End the emergency stop."""
        ...

    def pause(self, paused: bool) -> str:
        """Stop simulated time or let it go on."""
        ...

    def step(self, steps: int) -> str:
        """Advance a paused simulation by physics steps."""
        ...

    def reset(self) -> str:
        """Start the simulation again."""
        ...

    def push(self, impulse: float, heading: float) -> str:
        """Push the torso: [N·s], and where to [rad] about z in its frame."""
        ...

    def go_to(self, posture: str) -> str:
        """Move to a posture."""
        ...

    def drive(self, forward: float, left: float, turn: float) -> None:
        """Walk with a velocity in the frame of the base [m/s, m/s, rad/s]."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A controller or a hardware component.

    Attributes:
        name: Its own.
        kind: Its type, as ros2_control names it.
        state: Where it is in its life cycle.
        commands: How many command interfaces it has claimed.
    """

    name: str
    kind: str
    state: str
    commands: int = 0

    @property
    def poses(self) -> bool:
        """Whether it can move to postures now."""
        return self.kind == POSTURE_TYPE and self.state == "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationReport:
    """How the simulation does.

    Attributes:
        time: Simulated [s].
        world: Its name.
        paused: Whether time stands still.
        real_time_factor: Simulated seconds a wall second [-].
    """

    time: float
    world: str
    paused: bool
    real_time_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the gait is about; positions in odom.

    Attributes:
        mode: `stand` or `walk`.
        velocity: Commanded: forward, left [m/s], counterclockwise [rad/s], shape (3,).
        com: Centre of mass [m], shape (3,).
        capture_point: [m], shape (2,).
        centre_of_pressure: Wanted [m], shape (2,).
        foothold: Of the step that is made [m]; not a number while standing, shape (2,).
        margin: From the centre of pressure to the edge of the support [m].
        steps: Made so far.
        failures: Ticks without a solution.
        soles: Centres of the soles, in the order of the robot's feet.
        forces: That the ground applies, in the sole frames [N], shape (feet, 3).
    """

    mode: str
    velocity: Array
    com: Array
    capture_point: Array
    centre_of_pressure: Array
    foothold: Array
    margin: float
    steps: int
    failures: int
    soles: tuple[SE3, ...]
    forces: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the robot does.

    Attributes:
        core: The real-time core; None while it has not been heard.
        silence: Since joint states were heard [s].
        simulation: None for a robot that is not simulated by MuJoCo.
        charge: Of the battery, 0 to 1; not a number if it is not known [-].
        controllers: All that are loaded.
        components: The hardware.
        balance: None while nobody balances the robot.
        recorded: What is recorded, in words; empty if nothing is.
        played: Which recording is played instead of a robot, in words; or empty.
        authority: Who commands the robot; None if nobody can know.
        period: Of the core's loop [s]; 0 if it is not known.
    """

    core: CoreReport | None
    silence: float
    simulation: SimulationReport | None
    charge: float
    controllers: tuple[Member, ...]
    components: tuple[Member, ...]
    balance: Balance | None = None
    recorded: str = ""
    played: str = ""
    authority: Authority | None = None
    period: float = 0.0
