# SPDX-License-Identifier: Apache-2.0
"""A small made-up robot, of which a test can break a copy."""

from pathlib import Path

import pytest

LEG = """
  <link name="{side}_thigh">
    <inertial>
      <origin xyz="0 0 -0.2"/>
      <mass value="2"/>
      <inertia ixx="0.02" iyy="0.02" izz="0.004" ixy="0" ixz="0" iyz="0"/>
    </inertial>
  </link>
  <link name="{side}_shank">
    <inertial>
      <origin xyz="0 0 -0.2"/>
      <mass value="1"/>
      <inertia ixx="0.01" iyy="0.01" izz="0.002" ixy="0" ixz="0" iyz="0"/>
    </inertial>
  </link>
  <link name="{side}_foot">
    <inertial>
      <origin xyz="0.02 0 -0.04"/>
      <mass value="0.5"/>
      <inertia ixx="0.001" iyy="0.001" izz="0.001" ixy="0" ixz="0" iyz="0"/>
    </inertial>
    <collision>
      <origin xyz="0.02 0 -0.05"/>
      <geometry><box size="0.2 0.1 0.02"/></geometry>
    </collision>
  </link>
  <joint name="{side}_hip" type="revolute">
    <parent link="pelvis"/>
    <child link="{side}_thigh"/>
    <origin xyz="0 {y} -0.1"/>
    <axis xyz="0 1 0"/>
    <limit lower="-2" upper="1" effort="50" velocity="10"/>
  </joint>
  <joint name="{side}_knee" type="revolute">
    <parent link="{side}_thigh"/>
    <child link="{side}_shank"/>
    <origin xyz="0 0 -0.4"/>
    <axis xyz="0 1 0"/>
    <limit lower="0" upper="2.4" effort="60" velocity="10"/>
  </joint>
  <joint name="{side}_ankle" type="revolute">
    <parent link="{side}_shank"/>
    <child link="{side}_foot"/>
    <origin xyz="0 0 -0.4"/>
    <axis xyz="0 1 0"/>
    <limit lower="-1" upper="1" effort="40" velocity="10"/>
  </joint>
"""

URDF = (
    """<?xml version="1.0"?>
<robot name="small">
  <link name="pelvis">
    <inertial>
      <mass value="8"/>
      <inertia ixx="0.1" iyy="0.08" izz="0.06" ixy="0" ixz="0" iyz="0"/>
    </inertial>
  </link>"""
    + LEG.format(side="left", y="0.1")
    + LEG.format(side="right", y="-0.1")
    + "</robot>\n"
)

YAML = """\
name: small
urdf: small.urdf
mass: [14.0, 16.0]
base: pelvis
torso: pelvis
frames:
  - {name: l_sole, parent: left_foot, xyz: [0.0, 0.0, -0.06]}
  - {name: r_sole, parent: right_foot, xyz: [0.0, 0.0, -0.06]}
  - {name: imu_frame, parent: pelvis}
drives:
  motor:
    rotor_inertia: 1.0e-4
    gear_ratio: 20.0
    coulomb_friction: 0.1
    viscous_friction: 0.1
    corner_speed: 6.0
    no_load_speed: 12.0
    torque_constant: 2.0
    resistance: 0.1
    thermal_resistance: 1.0
    thermal_capacity: 100.0
    temperature_limit: 100.0
    encoder_bits: 16
joints:
  - {name: left_hip, drive: motor, kp: 200, kd: 5}
  - {name: left_knee, drive: motor, kp: 200, kd: 5}
  - {name: left_ankle, drive: motor, kp: 200, kd: 5}
  - {name: right_hip, drive: motor, kp: 200, kd: 5}
  - {name: right_knee, drive: motor, kp: 200, kd: 5}
  - {name: right_ankle, drive: motor, kp: 200, kd: 5}
groups:
  left_leg: [left_hip, left_knee, left_ankle]
  right_leg: [right_hip, right_knee, right_ankle]
postures:
  stand:
    left_hip: -0.3
    left_knee: 0.6
    left_ankle: -0.3
    right_hip: -0.3
    right_knee: 0.6
    right_ankle: -0.3
feet:
  - {name: left, link: left_foot, sole: l_sole, x: [-0.08, 0.12], y: [-0.05, 0.05]}
  - {name: right, link: right_foot, sole: r_sole, x: [-0.08, 0.12], y: [-0.05, 0.05]}
sensors:
  imu:
    - {name: pelvis_imu, frame: imu_frame, topic: imu/data, gyro_noise: 0.003,
       gyro_bias_walk: 0.0, accel_noise: 0.03, accel_bias_walk: 0.0,
       attitude_noise: 0.0}
battery:
  capacity: 5.0
  voltage: [20.0, 25.0]
  resistance: 0.1
  idle_power: 10.0
"""


class SmallRobot:
    """Writes the made-up robot, changed as told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = {"small.yaml": YAML, "small.urdf": URDF}

    def change(self, file: str, old: str, new: str) -> None:
        """Replace the first `old`, which must be there."""
        before, found, after = self.text[file].partition(old)
        assert found, f"{file} has no {old!r} to change"
        self.text[file] = before + new + after

    def write(self) -> Path:
        for name, text in self.text.items():
            (self.folder / name).write_text(text)
        return self.folder / "small.yaml"

    def line(self, file: str, text: str) -> int:
        """Return the number of the first line that holds a text."""
        lines = self.text[file].splitlines()
        return next(n for n, line in enumerate(lines, start=1) if text in line)


@pytest.fixture
def small(tmp_path: Path) -> SmallRobot:
    return SmallRobot(tmp_path)
