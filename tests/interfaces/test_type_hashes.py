# SPDX-License-Identifier: Apache-2.0
"""Our copies of standard interfaces are the standard ones, to the last field.

ROS 2 puts a hash of every type on the wire; two peers whose hashes differ do not
understand each other. The expected ones were printed by released ROS systems
(`ros2 topic info --verbose`, recorded bags), not by this project.
"""

import json
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory

KNOWN = {
    "control_msgs/msg/DynamicJointState": (
        "RIHS01_18024c98a62697680f581108eeed40b28fb4542fa0ac5a8e36f56c62b6813d26"
    ),
    "control_msgs/msg/JointTrajectoryControllerState": (
        "RIHS01_51d8dd89cc624cbe9daaeeb4d80d6de9b86168ffdc3be41fefc0953e3c26e480"
    ),
    "tf2_msgs/msg/TF2Error": (
        "RIHS01_db2485e7d6a0ec75bf087e058ee45df682acc3a621ca7780503d10aac141809a"
    ),
    "tf2_msgs/msg/TFMessage": (
        "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_hash_is_the_one_of_released_systems(name: str) -> None:
    package, kind, type_name = name.split("/")
    share = Path(get_package_share_directory(package))
    described = json.loads((share / kind / f"{type_name}.json").read_text())
    hashes = {row["type_name"]: row["hash_string"] for row in described["type_hashes"]}
    assert hashes[name] == KNOWN[name]
