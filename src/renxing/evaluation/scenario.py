# SPDX-License-Identifier: Apache-2.0
"""What `config/evaluation/*.yaml` says, as types; `docs/evaluation.md` explains.

A suite is a list of scenarios. A scenario is one kind of trial: where the robot is,
what it is told, what disturbs it, and when a trial counts as a success. Its *level* is
the one number that makes it harder: a speed, an impulse, an angle. Each robot has a
level that it must master, and one to aim for.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from renxing.errors import ConfigError
from renxing.resources import resource_root
from renxing.robot.description import Count, Interval, NotNegative, Part, Positive
from renxing.yaml_file import read_yaml

Vector3 = tuple[float, float, float]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Setting = Literal[
    "nothing",
    "speed",
    "impulse",
    "mass",
    "slope",
    "rise",
    "height",
    "drop",
    "slipperiness",
    "softness",
    "still_within",
]
# What a level is measured in.
UNITS: dict[Setting, str] = {
    "nothing": "",
    "speed": "m/s or rad/s",
    "impulse": "N·s",
    "mass": "kg",
    "slope": "deg",
    "rise": "m",
    "height": "m",
    "drop": "m",
    "slipperiness": "less than a friction of 1",
    "softness": "s",
    "still_within": "s",
}


class Command(Part, frozen=True):
    """A wanted velocity from some time on.

    Attributes:
        at: When it begins [s].
        direction: Forward, left, turn to the left; times the speed of the trial it is
            a velocity [m/s, m/s, rad/s].
    """

    at: NotNegative
    direction: Vector3


class RandomCommands(Part, frozen=True):
    """Velocities drawn evenly from a box, one after the other.

    Attributes:
        every: How long each lasts, drawn from here [s].
        forward: Least and greatest [m/s].
        left: Least and greatest [m/s].
        turn: Least and greatest, to the left [rad/s].
        stand: How often standing is wanted instead, 0 to 1 [-].
    """

    every: Interval
    forward: Interval
    left: Interval
    turn: Interval
    stand: Share = 0.0


class PushPlan(Part, frozen=True):
    """Pushes at the torso, one a trial, turned with the robot's heading.

    Attributes:
        at: When it begins, drawn from here [s].
        directions: Where it pushes to, one trial each: 0 forward, 90 left [deg].
        quick: Those of the quick set [deg].
        duration: [s].
    """

    at: tuple[NotNegative, NotNegative]
    directions: tuple[float, ...]
    quick: tuple[float, ...]
    duration: Positive = 0.1


class Success(Part, frozen=True):
    """When a trial succeeds: always without a fall, and what is said here.

    Attributes:
        speed: Least achieved share of the wanted velocity, on average [-].
        across: Whether the robot has to get behind all things of the world.
        still_within: Time from the wish to stop to standing still, unless the level
            sets it [s].
        drift: Greatest error of the estimated position in the plane, as a share of
            the way [-].
        drift_height: The same of the height [-].
    """

    speed: Share | None = None
    across: bool = False
    still_within: Positive | None = None
    drift: Positive | None = None
    drift_height: Positive | None = None


class Target(Part, frozen=True):
    """What a robot has to master.

    Attributes:
        level: In the unit of what the level sets.
        rate: Least share of trials that have to succeed [-].
    """

    level: float = 1.0
    rate: Share = 1.0


class Case(Part, frozen=True):
    """A scenario's numbers for one robot.

    Attributes:
        must: Missing it fails the scorecard; without one it is only measured.
        aim: What is hoped for.
        speed: Of the commands, unless the level sets it [m/s or rad/s].
        random: Commands drawn by seed, instead of the scenario's.
    """

    must: Target | None = None
    aim: Target | None = None
    speed: NotNegative = 1.0
    random: RandomCommands | None = None


class Amount(Part, frozen=True):
    """How much is run.

    Attributes:
        seeds: How many.
        duration: Of a trial, if not the scenario's [s].
    """

    seeds: Count
    duration: Positive | None = None


class Scenario(Part, frozen=True, kw_only=True):
    """One kind of trial.

    Attributes:
        name: For the command line.
        title: For people.
        world: Name of a file in `config/worlds`.
        level: What the level sets.
        duration: Of a trial [s].
        robots: Numbers for each robot that takes part.
        commands: Velocities over time.
        mirror: Whether seeds with an odd number walk and turn to the other side.
        push: Pushes, if any.
        hands: Which hands carry the level's mass together.
        stop_at: When standing is wanted, drawn from here [s].
        silence_at: When commands cease to come, drawn from here [s].
        known_terrain: Whether the controller knows the heights of the world.
        success: When a trial succeeds.
        full: How much is run.
        quick: How much of it for a quick look.
        limit: Greatest level that `--limit` tries.
    """

    name: str
    title: str
    world: str = "flat"
    level: Setting = "nothing"
    duration: Positive
    robots: dict[str, Case]
    commands: tuple[Command, ...] = ()
    mirror: bool = False
    push: PushPlan | None = None
    hands: tuple[Literal["left", "right"], ...] = ()
    stop_at: Interval | None = None
    silence_at: Interval | None = None
    known_terrain: bool = False
    success: Success = Success()
    full: Amount = Amount(seeds=10)
    quick: Amount = Amount(seeds=1)
    limit: Positive | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if (self.level == "impulse") != (self.push is not None):
            raise ValueError("push: wanted exactly where the level sets the impulse")
        if (self.level == "mass") != bool(self.hands):
            raise ValueError("hands: wanted exactly where the level sets the mass")
        if self.level == "still_within" and self.stop_at is None:
            raise ValueError("stop_at: missing, but the level sets still_within")


class Suite(Part, frozen=True):
    """One scorecard.

    Attributes:
        name: That of the file.
        title: For people.
        scenarios: What it consists of.
    """

    name: str
    title: str
    scenarios: tuple[Scenario, ...]


def suite_names() -> list[str]:
    """Return the names of all scorecards."""
    folder = resource_root() / "config" / "evaluation"
    return sorted(
        file.stem for file in folder.glob("*.yaml") if file.stem not in _OTHER
    )


def load_suite(name: str | Path) -> Suite:
    """Load a scorecard by name or path.

    Raises:
        ConfigError: If there is none, or it is malformed.
    """
    path = Path(name)
    if path.suffix not in {".yaml", ".yml"}:
        if str(name) not in suite_names():
            known = ", ".join(suite_names())
            raise ConfigError(f"scorecard '{name}': unknown; there are {known}")
        path = resource_root() / "config" / "evaluation" / f"{name}.yaml"
    return read_yaml(path, Suite)[0]


_RANGES = "variation"
# Files in the folder that have other types.
_OTHER = (_RANGES, "mapping", "mission", "navigation", "perception")


def variation_file() -> Path:
    """Return the file with the ranges from which simulated robots are drawn."""
    return resource_root() / "config" / "evaluation" / f"{_RANGES}.yaml"


def choose(suite: Suite, names: list[str], robot: str) -> list[Scenario]:
    """Return the scenarios of some names, or all, that a robot takes part in.

    Raises:
        ConfigError: If a name is unknown, or nothing is left.
    """
    known = {scenario.name: scenario for scenario in suite.scenarios}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"scenario '{name}': not in scorecard '{suite.name}', which has "
                f"{', '.join(known)}"
            )
    chosen = [known[name] for name in names] if names else list(known.values())
    taking = [scenario for scenario in chosen if robot in scenario.robots]
    if not taking:
        raise ConfigError(
            f"robot '{robot}': no numbers for it in scorecard '{suite.name}'; see "
            "docs/evaluation.md"
        )
    return taking
