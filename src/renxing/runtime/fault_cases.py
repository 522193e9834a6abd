# SPDX-License-Identifier: Apache-2.0
"""What can break, and what the robot is declared to do then: docs/safety.md as data.

A case is a fault of the hardware, or something that its `act` does to a running core.
`{side}` in a pattern becomes left or right, `{imu}` the name of the first IMU.
"""

from dataclasses import dataclass
from typing import Literal

from renxing.actuation.faults import Fault
from renxing.actuation.ladder import Rung

Act = Literal[
    "fault",
    "nan",
    "exception",
    "two writers",
    "disk full",
    "storm",
    "emergency stop",
    "silence",
]
AT_ONCE = 0.002  # [s] the cycle that reads it, at 500 Hz
KNEE, ANKLE, ELBOW = (
    f"{{side}}_{joint}_joint" for joint in ("knee", "ankle_pitch", "elbow")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCase:
    """Something that breaks and the declared reaction.

    Attributes:
        name: What breaks.
        reaction: In words.
        act: How it is broken.
        fault: What is injected, if that is how.
        rung: That the ladder comes to, at least.
        within: From the fault to the reaction, at most [s].
        stands: Whether the robot is on its feet afterwards; None if that depends on
            what it was doing.
        walks: Whether it happens while the robot walks; the reaction then is to stand
            still, for good.
        watched: For how long the robot is watched afterwards [s].
    """

    name: str
    reaction: str = "none"
    act: Act = "fault"
    fault: Fault | None = None
    rung: Rung = Rung.RUN
    within: float = 0.0
    stands: bool | None = True
    walks: bool = False
    watched: float = 3.0


def _hold(name: str, fault: Fault) -> FaultCase:
    reaction, rung = "hold in the same cycle", Rung.HOLD
    return FaultCase(
        name=name, fault=fault, reaction=reaction, rung=rung, within=AT_ONCE
    )


CASES = (
    FaultCase(
        name="knee encoder frozen",
        reaction="none; falls in some movements",
        stands=None,
        fault=Fault(kind="freeze", pattern=f"{KNEE}/(position|velocity)"),
    ),
    _hold("knee encoder NaN", Fault(kind="drop", pattern=f"{KNEE}/position")),
    _hold(
        "knee encoder NaN, 20 ms",
        Fault(kind="drop", pattern=f"{KNEE}/.*", duration=0.02),
    ),
    FaultCase(
        name="ankle encoder 0.02 rad off",
        fault=Fault(kind="bias", pattern=f"{ANKLE}/position", value=0.02),
    ),
    FaultCase(
        name="noise of 0.2 rad/s",
        fault=Fault(kind="noise", pattern=".*_joint/velocity", value=0.2),
    ),
    _hold("IMU NaN", Fault(kind="drop", pattern="{imu}")),
    FaultCase(name="IMU frozen", fault=Fault(kind="freeze", pattern="{imu}")),
    FaultCase(
        name="states 4 ms late", fault=Fault(kind="delay", pattern=".*", value=0.004)
    ),
    FaultCase(
        name="commands 4 ms late",
        fault=Fault(kind="delay", pattern=".*", value=0.004, commands=True),
    ),
    FaultCase(name="elbow without power", fault=Fault(kind="off", pattern=ELBOW)),
    FaultCase(
        name="knee without power",
        reaction="damp when it has fallen",
        fault=Fault(kind="off", pattern=KNEE),
        rung=Rung.DAMP,
        within=3.0,
        stands=False,
    ),
    _hold("line cut, 50 ms", Fault(kind="outage", pattern=".*", duration=0.05)),
    _hold("line cut", Fault(kind="outage", pattern=".*")),
    FaultCase(
        name="NaN from a controller",
        act="nan",
        reaction="its joint is held by the guard",
        within=AT_ONCE,
    ),
    FaultCase(
        name="exception in a controller",
        act="exception",
        reaction="it is stopped, its joint is held",
        within=AT_ONCE,
    ),
    FaultCase(
        name="two writers on one joint",
        act="two writers",
        reaction="the second one is refused",
        within=AT_ONCE,
    ),
    FaultCase(
        name="emergency stop while walking",
        act="emergency stop",
        reaction="stands within 3 s, obeys no velocity",
        rung=Rung.STAND,
        within=3.0,
        walks=True,
        watched=30.0,
    ),
    FaultCase(
        name="ROS side killed while walking",
        act="silence",
        reaction="stands within 3 s of the time-out of 0.5 s",
        within=3.5,
        walks=True,
        watched=30.0,
    ),
    FaultCase(
        name="disk full while dumping",
        act="disk full",
        reaction="said, the loop goes on",
        within=20.0,
    ),
    FaultCase(
        name="overrun storm",
        act="storm",
        reaction="said within 2 s, the loop goes on",
        within=2.0,
    ),
)
