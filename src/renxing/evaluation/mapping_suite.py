# SPDX-License-Identifier: Apache-2.0
"""The scorecard of maps: on which way, in which world, and what is wanted."""

from renxing.evaluation.card import wanted_of
from renxing.evaluation.scenario import Share
from renxing.evaluation.wandering import Drift
from renxing.resources import resource
from renxing.robot.description import Count, Part, Positive
from renxing.yaml_file import read_yaml


class Goal(Part, frozen=True, kw_only=True):
    """What is wanted.

    Attributes:
        position: Greatest root mean square error of positions [m].
        heading: The same of rotations [deg].
        found: Least share of unknown places that are found [-].
    """

    position: Positive
    heading: Positive
    found: Share


class Goals(Part, frozen=True, kw_only=True):
    """What is wanted of a robot.

    Attributes:
        must: Missing it fails the scorecard.
        aim: What is hoped for.
    """

    must: Goal
    aim: Goal


class MappingSuite(Part, frozen=True, kw_only=True):
    """The file `config/evaluation/mapping.yaml`.

    Attributes:
        name: That of the file.
        title: For people.
        world: Name of a file in `config/worlds`.
        way: Corners of the closed way on which the map is made [m].
        step: Between two images of a camera [m].
        speed: [m/s].
        followed: Way that is walked in the map that was loaded again [m].
        starts: Unknown places at which the robot wakes up.
        clearance: Of such places from everything [m].
        drift: Of the odometry.
        robots: What is wanted of each robot.
    """

    name: str
    title: str
    world: str
    way: tuple[tuple[float, float], ...]
    step: Positive
    speed: Positive
    followed: Positive
    starts: Count
    clearance: Positive
    drift: Drift
    robots: dict[str, Goals]


def load_mapping(robot: str) -> tuple[MappingSuite, Goals]:
    """Return the scorecard and what it wants of a robot.

    Raises:
        ConfigError: If the file is malformed or has nothing for the robot.
    """
    suite, _ = read_yaml(resource("config/evaluation/mapping.yaml"), MappingSuite)
    return suite, wanted_of(suite.name, suite.robots, robot)
