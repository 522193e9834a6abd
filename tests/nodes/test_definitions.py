# SPDX-License-Identifier: Apache-2.0
"""Message definitions as MCAP wants them: complete, each once."""

import re

import pytest

from renxing.errors import ConfigError
from renxing.nodes.definitions import SEPARATOR, definition_of

pytestmark = pytest.mark.ros


def test_all_that_it_is_made_of_follows_once() -> None:
    text = definition_of("nav_msgs/msg/Odometry")
    first, *others = text.split(f"{SEPARATOR}\n")
    assert "geometry_msgs/PoseWithCovariance pose" in first
    names = [re.match(r"MSG: (\S+)\n", other)[1] for other in others]
    assert sorted(names) == sorted(set(names))
    assert set(names) == {
        "builtin_interfaces/Time",
        "geometry_msgs/Point",
        "geometry_msgs/Pose",
        "geometry_msgs/PoseWithCovariance",
        "geometry_msgs/Quaternion",
        "geometry_msgs/Twist",
        "geometry_msgs/TwistWithCovariance",
        "geometry_msgs/Vector3",
        "std_msgs/Header",
    }


def test_types_of_the_same_package_constants_and_bounds() -> None:
    text = definition_of("rcl_interfaces/msg/ParameterDescriptor")
    assert "MSG: rcl_interfaces/FloatingPointRange\n" in text
    assert "MSG: rcl_interfaces/IntegerRange\n" in text
    assert definition_of("sensor_msgs/msg/BatteryState").count("MSG: ") == 2
    assert SEPARATOR not in definition_of("std_msgs/msg/String")


@pytest.mark.parametrize("kind", ["nothing_msgs/msg/A", "std_msgs/msg/Nothing"])
def test_what_is_not_installed(kind) -> None:
    with pytest.raises(ConfigError, match="no definition"):
        definition_of(kind)
