# SPDX-License-Identifier: Apache-2.0
"""Every mistake is named, with the line on which it was made."""

import shutil
from pathlib import Path

import pytest

from renxing.errors import ConfigError, ModelError
from renxing.resources import resource
from renxing.robot import load_robot
from renxing.robot.check import Finding, check_robot

YAML, URDF = "small.yaml", "small.urdf"


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity != "ok"]


@pytest.mark.parametrize("name", ["rx1", "g1"])
def test_shipped_robots_are_clean(name: str, load) -> None:
    mass = load(name).mass
    findings = check_robot(name)
    assert bad(findings) == []
    assert any(f"mass {mass:.2f} kg" in finding.what for finding in findings)
    assert any("'stand': base 0." in finding.what for finding in findings)


def test_small_robot_is_clean(small) -> None:
    findings = check_robot(small.write())
    assert bad(findings) == []
    assert len(findings) == 3


KNEE = '<joint name="left_knee" type="revolute">'
KNEE_LIMIT = 'lower="0" upper="2.4" effort="60" velocity="10"'
THIGH = '<inertia ixx="0.02" iyy="0.02" izz="0.004" ixy="0" ixz="0" iyz="0"/>'
# What is changed in which file, and what must be said about which line: the first
# that holds the text.
CASES = {
    "wrong type": (
        (YAML, "gear_ratio: 20.0", "gear_ratio: many"),
        (
            "error",
            YAML,
            "gear_ratio: many",
            "drives.motor.gear_ratio: Expected `float`",
        ),
    ),
    "number that YAML reads as a word": (
        (YAML, "1.0e-4", "1e-4"),
        ("error", YAML, "1e-4", "got '1e-4'; YAML wants a point"),
    ),
    "unknown key": (
        (YAML, "torso: pelvis", "torso: pelvis\ncolour: red"),
        ("error", YAML, "colour", "colour: unknown key; there are name, urdf"),
    ),
    "repeated key": (
        (YAML, "torso: pelvis", "torso: pelvis\nbase: left_foot"),
        ("error", YAML, "base: left_foot", "base: stands on line 4 already"),
    ),
    "missing key": (
        (YAML, "    resistance: 0.1\n", ""),
        ("error", YAML, "motor:", "drives.motor: key 'resistance' is missing"),
    ),
    "not finite": (
        (YAML, "kp: 200", "kp: .nan"),
        ("error", YAML, ".nan", "joints.0.kp: nan: a finite number wanted"),
    ),
    "not YAML": (
        (YAML, "mass: [14.0, 16.0]", "mass: [14.0, 16.0"),
        ("error", YAML, "base: pelvis", "not YAML"),
    ),
    "corner above no-load speed": (
        (YAML, "corner_speed: 6.0", "corner_speed: 12.5"),
        ("error", YAML, "corner_speed", "12.5 rad/s must be below no_load_speed 12"),
    ),
    "joint limits in the wrong order": (
        (YAML, "kd: 5}", "kd: 5, limits: [0.5, -1.5]}"),
        ("error", YAML, "limits:", "[0.5, -1.5]: the first must be below the second"),
    ),
    "sole inside out": (
        (YAML, "x: [-0.08, 0.12]", "x: [0.12, -0.08]"),
        ("error", YAML, "[0.12, -0.08]", "feet.0.x: [0.12, -0.08]: the first must be"),
    ),
    "battery voltage": (
        (YAML, "voltage: [20.0, 25.0]", "voltage: [25.0, 20.0]"),
        ("error", YAML, "voltage:", "battery.voltage: [25.0, 20.0]"),
    ),
    "name of another file": (
        (YAML, "name: small", "name: tall"),
        ("warning", YAML, "name: tall", "name 'tall': the file's name is 'small'"),
    ),
    "drive unknown": (
        (YAML, "right_hip, drive: motor", "right_hip, drive: engine"),
        ("error", YAML, "engine", "'right_hip': no drive 'engine'; there are motor"),
    ),
    "gains too high for the armature": (
        (YAML, "kd: 5}", "kd: 50}"),
        ("warning", YAML, "kd: 50", "'left_hip': kp 200, kd 50 are 63% of what"),
    ),
    "joint twice": (
        (YAML, "right_hip, drive: motor, kp: 200", "left_hip, drive: motor, kp: 201"),
        ("error", YAML, "kp: 201", "joint 'left_hip': also on line 25"),
    ),
    "joint in no group": (
        (YAML, "[left_hip, left_knee, left_ankle]", "[left_hip, left_knee]"),
        ("error", YAML, "{name: left_ankle", "joint 'left_ankle': in no group"),
    ),
    "unknown joint in a group": (
        (YAML, "[left_hip, left_knee, ", "[left_hip, left_knee, left_toe, "),
        ("error", YAML, "left_leg:", "group 'left_leg': no joint 'left_toe'"),
    ),
    "no stand": (
        (YAML, "  stand:", "  lie:"),
        ("error", YAML, "postures:", "no 'stand', the safe one; there are lie"),
    ),
    "unknown joint in a gesture": (
        (
            YAML,
            "feet:",
            "gestures: {nod: {begin: [{after: 1.0, joints: {toe: 0.1}}]}}\nfeet:",
        ),
        ("error", YAML, "gestures", "gesture 'nod': no joint 'toe'"),
    ),
    "gesture beyond a limit": (
        (
            YAML,
            "feet:",
            "gestures: {nod: {begin: [{after: 1.0, joints: {left_knee: -9}}]}}\nfeet:",
        ),
        ("error", YAML, "gestures", "gesture 'nod': joint 'left_knee': -9 outside"),
    ),
    "unknown joint in a posture": (
        (YAML, "    left_hip: -0.3", "    left_toe: 0.1\n    left_hip: -0.3"),
        ("error", YAML, "left_toe", "posture 'stand': no joint 'left_toe'"),
    ),
    "sign of a knee": (
        (URDF, KNEE_LIMIT, 'lower="-2.4" upper="0" effort="60" velocity="10"'),
        ("error", YAML, "left_knee: 0.6", "0.6 outside [-2.4, 0] rad; is the sign"),
    ),
    "zero outside": (
        (URDF, KNEE_LIMIT, 'lower="0.1" upper="2" effort="60" velocity="10"'),
        (
            "warning",
            YAML,
            "{name: left_knee",
            "zero is outside its limits [0.1, 2] rad",
        ),
    ),
    "limits wider than the URDF's": (
        (YAML, "kd: 5}", "kd: 5, limits: [-2.5, 1.0]}"),
        ("error", YAML, "limits:", "[-2.5, 1.0] rad are wider than the URDF's [-2, 1]"),
    ),
    "joint that the URDF lacks": (
        (URDF, KNEE, KNEE.replace("knee", "knie")),
        ("error", YAML, "{name: left_knee", "joint 'left_knee': not in the URDF"),
    ),
    "joint that the YAML lacks": (
        (URDF, KNEE, KNEE.replace("knee", "knie")),
        ("error", URDF, "left_knie", "revolute, but not in the joints of small.yaml"),
    ),
    "continuous": (
        (URDF, KNEE, KNEE.replace("revolute", "continuous")),
        (
            "error",
            YAML,
            "{name: left_knee",
            "type 'continuous' in the URDF, only revol",
        ),
    ),
    "prismatic": (
        (URDF, KNEE, KNEE.replace("revolute", "prismatic")),
        ("error", YAML, "{name: left_knee", "type 'prismatic' in the URDF"),
    ),
    "no such type": (
        (URDF, KNEE, KNEE.replace("revolute", "hinge")),
        ("error", URDF, "hinge", "joint 'left_knee': type 'hinge': allowed are contin"),
    ),
    "joint twice in the URDF": (
        (URDF, "</robot>", '  <joint name="left_knee" type="fixed"/>\n</robot>'),
        ("error", URDF, '"left_knee" type="fixed"', "'left_knee': is there 2 times"),
    ),
    "URDF limits in the wrong order": (
        (URDF, KNEE_LIMIT, 'lower="2.4" upper="0" effort="60" velocity="10"'),
        ("error", URDF, KNEE, "limits [2.4, 0] rad: lower must be below upper"),
    ),
    "no effort": (
        (URDF, KNEE_LIMIT, 'lower="0" upper="2.4" effort="0" velocity="10"'),
        ("error", URDF, KNEE, "effort limit 0 N·m: must be positive"),
    ),
    "velocity missing": (
        (URDF, KNEE_LIMIT, 'lower="0" upper="2.4" effort="60"'),
        ("error", URDF, KNEE, "velocity limit nan rad/s: must be positive"),
    ),
    "faster than the drive": (
        (URDF, KNEE_LIMIT, KNEE_LIMIT.replace('velocity="10"', 'velocity="13"')),
        ("warning", YAML, "{name: left_knee", "13 rad/s are more than the 12 rad/s"),
    ),
    "mimic of nothing": (
        (URDF, f"<limit {KNEE_LIMIT}/>", f'<limit {KNEE_LIMIT}/><mimic joint="x"/>'),
        ("error", URDF, KNEE, "joint 'left_knee': mimics 'x': no such joint"),
    ),
    "follower with a drive": (
        (
            URDF,
            f"<limit {KNEE_LIMIT}/>",
            f'<limit {KNEE_LIMIT}/><mimic joint="left_hip"/>',
        ),
        ("error", YAML, "{name: left_knee", "follows 'left_hip' in the URDF"),
    ),
    "mass outside the window": (
        (YAML, "[14.0, 16.0]", "[16.0, 17.0]"),
        ("error", YAML, "mass:", "links sum to 15.00 kg, outside [16, 17] kg"),
    ),
    "negative mass": (
        (URDF, '<mass value="8"/>', '<mass value="-8"/>'),
        ("error", URDF, '"pelvis"', "link 'pelvis': mass -8 kg"),
    ),
    "inertia not positive": (
        (URDF, THIGH, THIGH.replace('ixy="0"', 'ixy="0.03"')),
        ("error", URDF, '<link name="left_thigh"', "all three must be positive"),
    ),
    "inertia of no body": (
        (URDF, THIGH, THIGH.replace('izz="0.004"', 'izz="0.05"')),
        ("error", URDF, '<link name="left_thigh"', "must sum to the greatest or more"),
    ),
    "inertia in the wrong unit": (
        (URDF, THIGH, THIGH.replace('"0.0', '"200.0')),
        ("error", URDF, '<link name="left_thigh"', "for 2 kg: radii of gyration"),
    ),
    "mass without inertia": (
        (URDF, THIGH, '<inertia ixx="0" iyy="0" izz="0" ixy="0" ixz="0" iyz="0"/>'),
        ("error", URDF, '<link name="left_thigh"', "2 kg without any inertia"),
    ),
    "mesh": (
        (URDF, '<box size="0.2 0.1 0.02"/>', '<mesh filename="lost.stl"/>'),
        ("error", URDF, '<link name="left_foot"', "mesh 'lost.stl': no such file"),
    ),
    "not XML": (
        (URDF, "</inertial>", "</inertia>"),
        ("error", URDF, "</inertia>", "not XML: mismatched tag"),
    ),
    "no parent link": (
        (URDF, '<child link="left_shank"/>', '<child link="left_shin"/>'),
        ("error", URDF, KNEE, "joint 'left_knee': child 'left_shin': no such link"),
    ),
    "two roots": (
        (URDF, "</robot>", '  <link name="moon"/>\n</robot>'),
        ("error", URDF, "moon", "link 'moon': hangs on nothing, like 'pelvis'"),
    ),
    "base": (
        (YAML, "base: pelvis", "base: left_foot"),
        ("error", YAML, "base:", "base 'left_foot': the root link is 'pelvis'"),
    ),
    "URDF not found": (
        (YAML, "small.urdf", "tall.urdf"),
        ("error", YAML, "urdf:", "tall.urdf': no such file"),
    ),
    "package not installed": (
        (YAML, "urdf: small.urdf", "extra: moon\nurdf: package://moon/a.urdf"),
        ("error", YAML, "urdf:", "to install it: renxing setup --extra moon"),
    ),
    "frame on nothing": (
        (YAML, "imu_frame, parent: pelvis", "imu_frame, parent: head"),
        ("error", YAML, "imu_frame, parent", "frame 'imu_frame': no parent 'head'"),
    ),
    "sensor on nothing": (
        (YAML, "frame: imu_frame", "frame: imu"),
        ("error", YAML, "frame: imu,", "imu 'pelvis_imu': no frame or link 'imu'"),
    ),
    "foot on nothing": (
        (YAML, "link: left_foot", "link: left_shoe"),
        ("error", YAML, "left_shoe", "foot 'left': no link 'left_shoe'"),
    ),
    "foot's cell": (
        (YAML, "sole: l_sole,", "sole: l_sole, force_torque: cell,"),
        (
            "error",
            YAML,
            "cell",
            "feet 'left': no force_torque sensor 'cell'; there are n",
        ),
    ),
    "one foot": (
        (YAML, "{name: right, link", "{name: left, link"),
        ("error", YAML, "feet:", "feet: left, left; wanted are 'left' and 'right'"),
    ),
    "feet exchanged": (
        (YAML, "sole: l_sole", "sole: r_sole"),
        (
            "error",
            YAML,
            "sole: r_sole",
            "foot 'left': frame 'r_sole' is at y = -0.100 m",
        ),
    ),
    "sole upside down": (
        (YAML, "xyz: [0.0, 0.0, -0.06]", "rpy: [3.14159, 0.0, 0.0]"),
        ("error", YAML, "sole: l_sole", "'l_sole' points 180 deg away from up"),
    ),
    "soles at different heights": (
        (YAML, "xyz: [0.0, 0.0, -0.06]", "xyz: [0.0, 0.0, -0.065]"),
        ("error", YAML, "  stand:", "the right sole is 5.0 mm above the other"),
    ),
    "soles not level": (
        (YAML, "left_ankle: -0.3", "left_ankle: -0.27"),
        ("error", YAML, "  stand:", "a sole is tilted 0.86 deg against the mean"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_mistake_is_named_with_its_line(small, case: str) -> None:
    (file, old, new), (severity, place, marker, words) = CASES[case]
    small.change(file, old, new)
    findings = check_robot(small.write())
    line = small.line(place, marker)
    assert any(
        finding.severity == severity
        and finding.file == small.folder / place
        and finding.line == line
        and words in finding.what
        for finding in findings
    ), (line, findings)


def test_unused_drive(small) -> None:
    small.change(YAML, "  motor:\n", "  motor: &motor\n")
    small.change(YAML, "joints:\n", "  idle: *motor\njoints:\n")
    (finding,) = bad(check_robot(small.write()))
    assert finding.severity == "warning"
    assert finding.line == small.line(YAML, "idle:")
    assert "drive 'idle': no joint uses it" in finding.what


@pytest.mark.parametrize(
    ("sole", "severity", "words"),
    [
        ("[-0.08, -0.04]", "error", "mm outside their edge in x: it falls"),
        ("[-0.08, 0.04]", "warning", "mm inside their edge in x; 20 mm or more"),
    ],
)
def test_balance(small, sole: str, severity: str, words: str) -> None:
    for _foot in range(2):
        small.change(YAML, "x: [-0.08, 0.12]", f"x: {sole}")
    (finding,) = bad(check_robot(small.write()))
    assert (finding.severity, finding.line) == (severity, small.line(YAML, "  stand:"))
    assert words in finding.what


def test_moving_link_without_mass(small) -> None:
    text = small.text[URDF]
    start = text.index("<inertial>", text.index('<link name="left_shank">'))
    end = text.index("</inertial>", start) + len("</inertial>")
    small.text[URDF] = text[:start] + text[end:]
    small.change(YAML, "mass: [14.0", "mass: [13.0")
    (finding,) = bad(check_robot(small.write()))
    assert finding.line == small.line(URDF, '<link name="left_shank">')
    assert "moved by 'left_knee'" in finding.what


def test_chain_of_mimics(small) -> None:
    for leader, follower in (("left_hip", "right_hip"), ("right_hip", "right_knee")):
        head = f'<joint name="{follower}" type="revolute">'
        small.change(URDF, head, f'{head}<mimic joint="{leader}"/>')
    what = [finding.what for finding in check_robot(small.write())]
    assert any("'right_knee': mimics 'right_hip', which mimics" in w for w in what), (
        what
    )


def test_follower_that_is_taken_beyond_its_limits(small) -> None:
    head = '<joint name="right_knee" type="revolute">'
    mimic = '<mimic joint="left_knee" multiplier="1.5" offset="0.1"/>'
    small.change(URDF, head, head + mimic)
    what = [finding.what for finding in check_robot(small.write())]
    wanted = "mimics 'left_knee', which takes it to [0.1, 3.7] rad, outside its limits"
    assert any(wanted in words for words in what), what


def test_one_run_finds_everything(small) -> None:
    """Nothing hides behind something else, not even behind a file that is no robot."""
    small.change(YAML, "gear_ratio: 20.0", "gear_ratio: -1.0")
    small.change(YAML, "capacity: 5.0", "capacity: full")
    small.change(YAML, "torso: pelvis", "thorax: pelvis")
    small.change(URDF, 'effort="60"', 'effort="-60"')
    small.change(URDF, '<mass value="8"/>', '<mass value="heavy"/>')
    findings = bad(check_robot(small.write()))
    assert [(finding.file.name, finding.line) for finding in findings] == [
        (YAML, 1),  # torso is missing
        (YAML, small.line(YAML, "thorax")),
        (YAML, small.line(YAML, "gear_ratio")),
        (YAML, small.line(YAML, "capacity: full")),
        (URDF, small.line(URDF, KNEE)),
        (URDF, small.line(URDF, '"pelvis"')),
    ]


def test_contradictions_do_not_hide_the_posture(small) -> None:
    small.change(YAML, "right_hip, drive: motor", "right_hip, drive: engine")
    small.change(YAML, "kd: 5}", "kd: 5, limits: [-9.0, 9.0]}")
    small.change(YAML, "xyz: [0.0, 0.0, -0.06]", "xyz: [0.0, 0.0, -0.065]")
    what = " ".join(finding.what for finding in check_robot(small.write()))
    assert "engine" in what
    assert "wider than" in what
    assert "5.0 mm above" in what


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of rx1 to break: YAML file and xacro files side by side."""
    shutil.copytree(resource("urdf"), tmp_path / "urdf")
    shutil.copy(resource("config/robots/rx1.yaml"), tmp_path)
    assert bad(check_robot(tmp_path / "rx1.yaml")) == []
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("rx1/leg.xacro", 'lower="0.0" upper="2.4"', 'lower="2.5" upper="2.4"', "knee"),
        ("rx1/arm.xacro", 'upper="0.0" torque="75"', 'upper="0.0" torque="0"', "elbow"),
        ("rx1/hand.xacro", 'mass="0.34" size', 'mass="-0.34" size', "palm"),
        (
            "rx1/hand.xacro",
            'mimic joint="${side}_',
            'mimic joint="my_',
            "no such joint",
        ),
        ("rx1.urdf.xacro", 'mass="12.0"', 'mass="-12.0"', "torso_link"),
    ],
)
def test_xacro_mistakes_have_the_line_of_their_source(
    copy: Path, file: str, old: str, new: str, words: str
) -> None:
    source = copy / "urdf" / file
    text = source.read_text()
    source.write_text(text.replace(old, new, 1))
    assert source.read_text() != text
    errors = [f for f in check_robot(copy / "rx1.yaml") if f.severity == "error"]
    line = text[: text.index(old)].count("\n") + 1
    # The element begins up to three lines above what is wrong in it.
    assert any(
        f.file == source and 0 <= line - f.line <= 7 and words in f.what for f in errors
    ), errors


def test_xacro_that_is_not_xml(copy: Path) -> None:
    source = copy / "urdf" / "rx1" / "leg.xacro"
    source.write_text(source.read_text().replace("</xacro:macro>", "</xacro:makro>"))
    (finding,) = bad(check_robot(copy / "rx1.yaml"))
    assert finding.file == source
    assert "makro" in source.read_text().splitlines()[finding.line - 1]


def test_ros2_control_must_agree(copy: Path) -> None:
    source = copy / "urdf" / "rx1" / "ros2_control.xacro"
    text = source.read_text().replace('<xacro:control_imu name="torso_imu"/>', "")
    source.write_text(text.replace('<command_interface name="derivative"/>', ""))
    errors = bad(check_robot(copy / "rx1.yaml"))
    assert sum("lacks sensor 'torso_imu'" in finding.what for finding in errors) == 1
    assert sum("wanted are derivative, effort" in f.what for f in errors) == 43


def test_unknown_robot() -> None:
    (finding,) = check_robot("nobody")
    assert finding.severity == "error"
    assert "config/robots, which has g1, rx1" in finding.what


def test_loading_says_the_first_mistake_with_its_line(small) -> None:
    """The nodes load a robot without the checker; they must be clear too."""
    small.change(YAML, "gear_ratio: 20.0", "gear_ratio: many")
    line = small.line(YAML, "gear_ratio")
    with pytest.raises(
        ConfigError, match=f"small.yaml:{line}: drives.motor.gear_ratio"
    ):
        load_robot(small.write())


@pytest.mark.parametrize(
    "case",
    ["joint that the URDF lacks", "drive unknown", "limits wider than the URDF's"]
    + ["frame on nothing", "mesh"],
)
def test_loading_refuses_contradictions(small, case: str) -> None:
    (file, old, new), (_severity, place, marker, _words) = CASES[case]
    small.change(file, old, new)
    line = small.line(place, marker)
    with pytest.raises(ModelError, match=f"{place}:{line}"):
        load_robot(small.write())
