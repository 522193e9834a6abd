# SPDX-License-Identifier: Apache-2.0
"""The grammar of <ros2_control>, its mistakes, and the robots that we have."""

import pytest

from renxing.errors import ConfigError
from renxing.hardware_interface import IMPEDANCE
from renxing.resources import resource_root
from renxing.robot.urdf import read_urdf
from renxing.runtime.manager.component_parser import parse_components

ROBOT = """<robot name="r">
  <joint name="knee" type="revolute"/>
  <joint name="toe" type="revolute">
  <mimic joint="knee" multiplier="2" offset="0.1"/></joint>
  <joint name="rivet" type="fixed"/>
  {0}
</robot>"""
HARDWARE = "<hardware><plugin>p/P</plugin></hardware>"
WHOLE = """
<ros2_control name="leg" type="system" rw_rate="500" is_async="true"
    thread_priority="30">
  <hardware>
    <plugin> my_pkg/LegDriver </plugin><group>legs</group>
    <param name="bus"> can0 </param>
  </hardware>
  <properties><async affinity="[2,4]" print_warnings="false"/></properties>
  <joint name="knee">
    <param name="id">3</param>
    <limits enable="false"/>
    <command_interface name="effort">
      <param name="min">-120</param><param name="max">120</param>
    </command_interface>
    <command_interface name="kp"/><command_interface name="kd"/>
    <state_interface name="position">
      <param name="initial_value">0.3</param>
    </state_interface>
    <state_interface name="torque"/>
  </joint>
  <joint name="toe"><state_interface name="position"/></joint>
  <sensor name="imu"><state_interface name="orientation.x"/></sensor>
  <gpio name="power">
    <command_interface name="enable" data_type="bool">
      <param name="initial_value">true</param>
    </command_interface>
    <state_interface name="enable" data_type="bool"/>
  </gpio>
  <transmission name="t"><plugin>transmission_interface/SimpleTransmission</plugin>
    <joint name="knee" role="joint1">
      <mechanical_reduction>50</mechanical_reduction><offset>0.5</offset>
    </joint>
    <actuator name="motor" role="actuator1" read_only="true"/>
  </transmission>
</ros2_control>"""


def parse(inside: str):
    return parse_components(ROBOT.format(inside))


def test_the_whole_grammar() -> None:
    (leg,) = parse(WHOLE)
    assert (leg.name, leg.type, leg.plugin, leg.group) == (
        "leg",
        "system",
        "my_pkg/LegDriver",
        "legs",
    )
    assert leg.rw_rate == 500 and leg.is_async
    assert leg.parameters == {"bus": "can0"}
    knee, toe, imu, power = leg.parts
    assert [part.kind for part in leg.parts] == ["joint", "joint", "sensor", "gpio"]
    assert [i.name for i in knee.command_interfaces] == [
        "effort",
        "proportional",
        "derivative",
    ]
    assert [i.name for i in knee.state_interfaces] == ["position", "effort"]
    effort = knee.command_interfaces[0]
    assert (effort.minimum, effort.maximum, effort.limits) == (-120.0, 120.0, False)
    assert knee.state_interfaces[0].initial_value == 0.3
    assert knee.parameters == {"id": "3"} and not knee.mimic
    assert toe.mimic
    (mimic,) = leg.mimic
    assert (mimic.joint, mimic.source, mimic.multiplier, mimic.offset) == (
        "toe",
        "knee",
        2.0,
        0.1,
    )
    assert imu.state_interfaces[0].name == "orientation.x"
    assert power.command_interfaces[0].data_type == "bool"
    assert power.command_interfaces[0].initial_value == 1.0
    (transmission,) = leg.transmissions
    assert transmission.joints[0].reduction == 50.0
    assert transmission.joints[0].offset == 0.5
    assert transmission.actuators[0].read_only
    assert transmission.actuators[0].reduction == 1.0


def joint(inside: str, attributes: str = "") -> str:
    return f'<joint name="knee" {attributes}>{inside}</joint>'


@pytest.mark.parametrize(
    ("inside", "complaint"),
    [
        ("<wheel/>", "line 6: ros2_control 'a': invalid tag name 'wheel'"),
        (joint('<comand_interface name="position"/>'), "tag name 'comand_interface'"),
        ('<joint name="hip"/>', "joint 'hip': there is no such joint in the URDF"),
        ('<joint name="rivet"/>', "joint 'rivet': the URDF says it is fixed"),
        ("<joint/>", "<joint>: attribute 'name' is missing"),
        (joint("<state_interface/>"), "joint 'knee': <state_interface>: attribute"),
        (joint("", 'mimic="true"'), "mimic='true' without <mimic> in the URDF"),
        (joint("", 'mimic="perhaps"'), "mimic='perhaps' is neither true nor false"),
        (
            '<joint name="toe"><command_interface name="position"/></joint>'
            + joint(""),
            "joint 'toe': it mimics another joint",
        ),
        ('<joint name="toe"/>', "it mimics 'knee', which is not in the component"),
        (joint("") + joint(""), "joint 'knee' stands there 2 times"),
        (
            joint(
                '<command_interface name="kp"/><command_interface name="proportional"/>'
            ),
            "command interface 'proportional' stands there 2 times",
        ),
        (
            joint('<state_interface name="position" data_type="quad"/>'),
            "data_type='quad'; allowed are double, float32, bool, int8",
        ),
        (joint('<state_interface name="position" size="3"/>'), "size is not 1"),
        (joint('<limits enable="no"/>'), "enable='no' is neither true nor false"),
        (joint("<limits/>"), "attribute 'enable' is missing"),
        (
            joint(
                '<command_interface name="effort"><param name="min">low</param>'
                "</command_interface>"
            ),
            "'low' is not a number",
        ),
        (
            joint(
                '<command_interface name="effort"><param name="min">2</param>'
                '<param name="max">1</param></command_interface>'
            ),
            "min 2 is above max 1",
        ),
        (joint("<param>x</param>"), "<param>: attribute 'name' is missing"),
        ('<gpio name="g"><limits enable="true"/></gpio>', "invalid tag name 'limits'"),
        ('<transmission name="t"/>', "<plugin> is missing"),
        (
            '<transmission name="t"><plugin>p</plugin><joint name="hip" role="r"/>'
            "</transmission>",
            "joint 'hip' is not in the component",
        ),
    ],
)
def test_mistakes_in_a_component(inside, complaint) -> None:
    text = f'<ros2_control name="a" type="system">{HARDWARE}{inside}</ros2_control>'
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert complaint in str(caught.value)
    assert "line 6: ros2_control 'a'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<robot>", "not XML"),
        ("<urdf/>", "root element is <urdf>"),
        ("<robot/>", "no <ros2_control> in it"),
    ],
)
def test_no_robot_at_all(text, complaint) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_components(text)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("attributes", "inside", "complaint"),
    [
        ('type="system"', HARDWARE, "<ros2_control>: attribute 'name' is missing"),
        ('name="a"', HARDWARE, "attribute 'type' is missing"),
        ('name="a" type="motor"', HARDWARE, "type='motor'; allowed are system"),
        ('name="a" type="system"', "", "<hardware> is missing"),
        ('name="a" type="system"', "<hardware/>", "<plugin> is missing"),
        ('name="a" type="system" rw_rate="-1"', HARDWARE, "rw_rate='-1' is not a"),
        ('name="a" type="system" rw_rate="9999999999"', HARDWARE, "rw_rate='9999"),
        ('name="a" type="system" is_async="maybe"', HARDWARE, "is_async='maybe'"),
        (
            'name="a" type="sensor"',
            HARDWARE
            + '</ros2_control><ros2_control name="a" type="sensor">'
            + HARDWARE,
            "ros2_control 'a' stands there 2 times",
        ),
    ],
)
def test_mistakes_around_it(attributes, inside, complaint) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_components(
            f"<robot><ros2_control {attributes}>{inside}</ros2_control></robot>"
        )
    assert complaint in str(caught.value)


def test_mimic_can_be_turned_off() -> None:
    (info,) = parse(
        f'<ros2_control name="a" type="system">{HARDWARE}'
        '<joint name="toe" mimic="false"><command_interface name="position"/>'
        "</joint></ros2_control>"
    )
    assert not info.parts[0].mimic and info.parts[0].command_interfaces


def test_sdf_is_read_too() -> None:
    text = (
        '<sdf><model><joint name="knee" type="revolute"/><ros2_control name="a" '
        f'type="system">{HARDWARE}<joint name="knee"/></ros2_control></model></sdf>'
    )
    assert parse_components(text)[0].joints()[0].name == "knee"


@pytest.mark.parametrize(
    ("backend", "plugin"),
    [
        ("mujoco", "mujoco_ros2_control/MujocoSystemInterface"),
        ("mock", "mock_components/GenericSystem"),
        ("topics", "topic_based_ros2_control/TopicBasedSystem"),
        ("gazebo", "gz_ros2_control/GazeboSimSystem"),
    ],
)
def test_our_robot(backend, plugin) -> None:
    path = resource_root() / "urdf" / "rx1.urdf.xacro"
    (body,) = parse_components(read_urdf(path, {"backend": backend}).text)
    assert body.plugin == plugin
    assert len(body.joints()) == 43 and len(body.sensors()) == 6
    for part in body.joints():
        assert tuple(i.name for i in part.command_interfaces) == IMPEDANCE
