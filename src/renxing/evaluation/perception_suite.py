# SPDX-License-Identifier: Apache-2.0
"""The scorecard of the eyes: what is looked at, with which cameras, what is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from renxing.evaluation.card import wanted_of
from renxing.evaluation.scenario import Setting, Share
from renxing.resources import resource
from renxing.robot.description import Count, NotNegative, Part, Positive
from renxing.yaml_file import read_yaml

Kind = Literal["stereo", "tof"]


class Scene(Part, frozen=True, kw_only=True):
    """A world to look at.

    Attributes:
        name: For people.
        world: Name of a file in `config/worlds`.
        setting: What the level sets.
        level: In the unit of the setting.
        end: Where the base stops, along x in odom [m].
        edge: Where the ground ends [m]; None where it does not.
    """

    name: str
    world: str
    setting: Setting
    level: float
    end: float
    edge: float | None = None


class Goal(Part, frozen=True, kw_only=True):
    """What is wanted, of the worst trial.

    Attributes:
        height: Greatest root mean square error of heights [m].
        lethal: Greatest share of walkable ground that is called lethal [-].
        missed: Most pieces of edges that are not seen as drops.
        gain: Greatest error of depth after conditioning by that before [-].
    """

    height: Positive
    lethal: Share
    missed: Annotated[int, Meta(ge=0)]
    gain: NotNegative


class Goals(Part, frozen=True, kw_only=True):
    """What is wanted of a robot.

    Attributes:
        must: Missing it fails the scorecard.
        aim: What is hoped for.
    """

    must: Goal
    aim: Goal


class PerceptionSuite(Part, frozen=True, kw_only=True):
    """The file `config/evaluation/perception.yaml`.

    Attributes:
        name: That of the file.
        title: For people.
        start: Where the base begins, along x in odom [m].
        images: Of each camera on the way.
        radius: Around the robot, in which the map is judged [m].
        until: Up to which x in odom walkable ground is judged [m].
        depth: Kinds of cameras; each scene is looked at with each.
        scenes: All worlds.
        quick: Names of those of the short set.
        robots: What is wanted of each robot.
    """

    name: str
    title: str
    start: float
    images: Count
    radius: Positive
    until: float
    depth: tuple[Kind, ...]
    scenes: tuple[Scene, ...]
    quick: tuple[str, ...]
    robots: dict[str, Goals]

    def __post_init__(self) -> None:
        """Refuse a short set of scenes that are not there."""
        names = [scene.name for scene in self.scenes]
        unknown = [name for name in self.quick if name not in names]
        if unknown:
            raise ValueError(f"quick: no scene {', '.join(unknown)}")


def load_perception(robot: str) -> tuple[PerceptionSuite, Goals]:
    """Return the scorecard and what it wants of a robot.

    Raises:
        ConfigError: If the file is malformed or has nothing for the robot.
    """
    suite, _ = read_yaml(resource("config/evaluation/perception.yaml"), PerceptionSuite)
    return suite, wanted_of(suite.name, suite.robots, robot)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionTrial:
    """What is run; the same trial gives the same result.

    Attributes:
        suite: The scorecard.
        scene: What is looked at.
        kind: Of the cameras.
        robot: Name or file.
        seed: Of the world and of all noise.
        pictures: Whether the outcome has them.
    """

    suite: PerceptionSuite
    scene: Scene
    kind: Kind
    robot: str
    seed: int
    pictures: bool = False

    def __str__(self) -> str:
        """Return what tells it from others, in words."""
        return f"{self.scene.name}, {self.kind}, seed {self.seed}"


def trials_of(
    suite: PerceptionSuite, robot: str, seeds: Sequence[int], *, quick: bool
) -> list[PerceptionTrial]:
    """Return all trials; those of the first seed bring pictures.

    Args:
        suite: The scorecard.
        robot: Name or file.
        seeds: Each scene is looked at with each.
        quick: Only the short set.
    """
    return [
        PerceptionTrial(
            suite=suite,
            scene=scene,
            kind=kind,
            robot=robot,
            seed=seed,
            pictures=seed == seeds[0],
        )
        for seed in seeds
        for scene in suite.scenes
        if not quick or scene.name in suite.quick
        for kind in suite.depth
    ]
