# SPDX-License-Identifier: Apache-2.0
"""What the core tells everybody who listens; no code, so that it can be pickled.

It is a module of its own because the core's process runs as `__main__`, whose classes
have no name in other processes.
"""

from dataclasses import dataclass

from renxing.runtime.ledger_report import LedgerReport, Times
from renxing.signals import BaseState, BatterySample
from renxing.spatial import SE3

SOCKET = "core"  # in the run folder of the namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreReport:
    """How the core does, once a second and at each change of the rung.

    Attributes:
        time: On the loop's clock [s].
        rung: Of the stop ladder.
        causes: Of the stop, oldest first.
        suspended: Controllers that the stop has taken the joints from.
        failures: Exceptions out of the core's own code.
        ledger: Where the time goes.
        storm: Whether so many cycles are late that it is worth a warning.
        controllers: How long the last updates of each active controller took.
        lies: The side on which the robot lies, empty if on none.
    """

    time: float
    rung: str
    causes: tuple[str, ...]
    suspended: tuple[str, ...]
    failures: int
    ledger: LedgerReport
    storm: bool = False
    controllers: tuple[Times, ...] = ()
    lies: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldReport:
    """What is simulated.

    Attributes:
        robot: Its name.
        world: Its name.
        objects: Names of the things that can move.
        keyframes: Postures that a reset can start from.
    """

    robot: str
    world: str
    objects: tuple[str, ...]
    keyframes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinReport:
    """How the simulation does, some times a second.

    Attributes:
        paused: Whether time stands still.
        real_time_factor: Simulated seconds a wall second, over the last second [-].
        battery: What its monitor reports.
    """

    paused: bool
    real_time_factor: float
    battery: BatterySample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwinTruth:
    """Where everything in the simulation is.

    Attributes:
        stamp: Simulated time; sensors know nothing of what follows [s].
        base: Pose and twist of the robot.
        objects: Pose of each thing that can move and of each who walks, in odom.
        report: With it when it is time for one.
    """

    stamp: float
    base: BaseState
    objects: dict[str, SE3]
    report: TwinReport | None = None
