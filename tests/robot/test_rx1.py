# SPDX-License-Identifier: Apache-2.0
"""rx1 is the humanoid that its files claim: its size, its inertias, what it sees."""

import xml.etree.ElementTree as ET

import numpy as np
import pinocchio
import pytest

from renxing.robot import Robot, load_robot
from renxing.robot.check.standing import distance_inside
from renxing.spatial import SE3, rotation_from_rpy, transform

BACKENDS = {
    "mujoco": "mujoco_ros2_control/MujocoSystemInterface",
    "gazebo": "gz_ros2_control/GazeboSimSystem",
    "topics": "topic_based_ros2_control/TopicBasedSystem",
    "mock": "mock_components/GenericSystem",
    "servo": "renxing/ServoSystem",
}


def numbers(text: str | None) -> np.ndarray:
    return np.array([float(word) for word in (text or "0 0 0").split()])


def origin(element: ET.Element) -> SE3:
    found = element.find("origin")
    if found is None:
        return SE3.Identity()
    return transform(numbers(found.get("xyz")), numbers(found.get("rpy")))


def corners(geometry: ET.Element) -> np.ndarray:
    """Return points that bound a primitive, in its own frame."""
    shape = geometry[0]
    if shape.tag == "box":
        half = numbers(shape.get("size")) / 2
    elif shape.tag == "sphere":
        half = np.full(3, float(shape.get("radius", "nan")))
    else:
        radius = float(shape.get("radius", "nan"))
        half = np.array([radius, radius, float(shape.get("length", "nan")) / 2])
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    return signs * half


def frames_at(rx1: Robot, positions: np.ndarray) -> pinocchio.Data:
    data = rx1.model.createData()
    q = rx1.configuration(positions, rx1.standing_base(positions))
    pinocchio.framesForwardKinematics(rx1.model, data, q)
    return data


def test_size_of_a_person(rx1: Robot) -> None:
    """From the soles to the top of the head, standing straight."""
    data = frames_at(rx1, np.zeros(len(rx1.joints)))
    heights = [
        data.oMf[rx1.frame(name)].act(origin(visual).act(corner))[2]
        for name, link in rx1.urdf.links()
        for visual in link.findall("visual")
        for corner in corners(visual.find("geometry"))  # type: ignore[arg-type]
    ]
    assert len(heights) > 500
    assert min(heights) == pytest.approx(0.0, abs=1e-9)
    assert 1.70 <= max(heights) <= 1.80
    assert 50.0 <= rx1.mass <= 60.0


def test_inertias_are_those_of_the_shapes(rx1: Robot) -> None:
    """Every link weighs like the solid that is drawn for it, about the same centre."""
    checked = 0
    for name, link in rx1.urdf.links():
        inertial = link.find("inertial")
        if inertial is None:
            continue
        visual = link.find("visual")
        assert visual is not None, name
        shape = visual.find("geometry")[0]  # type: ignore[index]
        mass = float(inertial.find("mass").get("value", "nan"))  # type: ignore[union-attr]
        if shape.tag == "box":
            solid = pinocchio.Inertia.FromBox(mass, *numbers(shape.get("size")))
        elif shape.tag == "sphere":
            solid = pinocchio.Inertia.FromSphere(
                mass, float(shape.get("radius", "nan"))
            )
        else:
            radius, length = (float(shape.get(k, "nan")) for k in ("radius", "length"))
            solid = pinocchio.Inertia.FromCylinder(mass, radius, length)
        tensor = inertial.find("inertia")
        got = [
            float(tensor.get(k, "nan"))
            for k in ("ixx", "ixy", "iyy", "ixz", "iyz", "izz")
        ]  # type: ignore[union-attr]
        wanted = solid.inertia[np.tril_indices(3)]
        assert np.allclose(got, wanted, rtol=1e-9, atol=1e-15), name
        assert origin(inertial).isApprox(origin(visual)), name
        checked += 1
    assert checked == 58


def test_left_and_right_are_mirror_images(rx1: Robot) -> None:
    """Mirrored joint positions put every left frame opposite the right one."""
    random = np.random.default_rng(8)
    left = {name for name in rx1.joints if name.startswith("left_")}
    mirror = np.diag([1.0, -1.0, 1.0])
    values = dict(zip(rx1.joints, random.uniform(rx1.lower, rx1.upper), strict=True))
    for name in left:
        other = name.replace("left_", "right_")
        sign = -1 if any(w in name for w in ("_yaw_", "_roll_")) else 1
        at = rx1.joints.index(other)
        ends = sorted([sign * v for v in limits(rx1, name)])
        assert ends == [rx1.lower[at], rx1.upper[at]], name
        values[other] = sign * values[name]
    for name in rx1.joints:
        if not name.startswith(("left_", "right_")):
            values[name] = 0.0
    q = rx1.configuration(np.array([values[name] for name in rx1.joints]))
    data = rx1.model.createData()
    pinocchio.framesForwardKinematics(rx1.model, data, q)
    for name in (
        "left_sole_link",
        "left_palm_link",
        "left_index_tip",
        "left_thumb_tip",
    ):
        first = data.oMf[rx1.frame(name)].translation
        second = data.oMf[rx1.frame(name.replace("left", "right"))].translation
        assert np.allclose(mirror @ first, second, atol=1e-9), name


def limits(rx1: Robot, name: str) -> tuple[float, float]:
    index = rx1.joints.index(name)
    return float(rx1.lower[index]), float(rx1.upper[index])


@pytest.mark.parametrize("camera", ["head", "chest"])
def test_cameras_look_forward_and_upright(rx1: Robot, camera: str) -> None:
    data = frames_at(rx1, np.zeros(len(rx1.joints)))
    rotation = data.oMf[rx1.frame(f"{camera}_camera_optical_frame")].rotation
    down = {"head": 0.0, "chest": 0.85}[camera]  # [rad] looks down by
    assert np.allclose(rotation[:, 2], [np.cos(down), 0.0, -np.sin(down)], atol=1e-9)
    assert np.allclose(rotation[:, 0], [0.0, -1.0, 0.0], atol=1e-9), "x is right"


def test_chest_camera_sees_the_ground_before_the_feet(rx1: Robot) -> None:
    """Standing, the middle column of its image covers 0.3 m to 2 m from the toes."""
    data = frames_at(rx1, rx1.posture("stand"))
    (camera,) = [c for c in rx1.description.sensors.cameras if c.name == "chest"]
    pose = data.oMf[rx1.frame(camera.frame)]
    focal = camera.width / 2 / np.tan(camera.field_of_view / 2)  # [px]
    foot = rx1.description.feet[0]
    toes = data.oMf[rx1.frame(foot.sole)].translation[0] + foot.x[1]
    ahead = []
    for row in (0, camera.height):  # top and bottom edge
        ray = pose.rotation @ np.array([0.0, (row - camera.height / 2) / focal, 1.0])
        if ray[2] >= 0.0:
            ahead.append(np.inf)  # above the horizon
            continue
        hit = pose.translation - ray * pose.translation[2] / ray[2]
        depth = pose.actInv(hit)[2]
        ahead.append(hit[0] - toes if depth < camera.range[1] else np.inf)
    farthest, nearest = ahead
    assert nearest < 0.3
    assert farthest > 2.0
    # And 2 m ahead is within the range that it measures.
    two = np.array([toes + 2.0, 0.0, 0.0])
    assert camera.range[0] < pose.actInv(two)[2] < camera.range[1]


def test_hand_cameras_see_the_fingertips(rx1: Robot) -> None:
    data = frames_at(rx1, np.zeros(len(rx1.joints)))
    for side in ("left", "right"):
        pose = data.oMf[rx1.frame(f"{side}_hand_camera_optical_frame")]
        tip = pose.actInv(data.oMf[rx1.frame(f"{side}_middle_tip")].translation)
        assert tip[2] > 0.07
        assert abs(np.arctan2(tip[0], tip[2])) < 0.6


def test_skin_points_outwards(rx1: Robot) -> None:
    """Taxels feel from outside: z of a patch leaves the link that it lies on."""
    data = frames_at(rx1, np.zeros(len(rx1.joints)))
    for patch in rx1.description.sensors.skin:
        index = rx1.frame(patch.frame)
        frame = rx1.model.frames[index]
        # From the centre of the link's own shape to the patch.
        link = rx1.model.frames[frame.parentFrame]
        if link.type == pinocchio.FrameType.FIXED_JOINT:
            link = rx1.model.frames[link.parentFrame]
        element = dict(rx1.urdf.links())[link.name]
        carrier = data.oMf[rx1.frame(link.name)]
        centre = carrier.act(origin(element.find("inertial")).translation)  # type: ignore[arg-type]
        pose = data.oMf[index]
        outwards = pose.rotation[:, 2] @ (pose.translation - centre)
        assert outwards > 0.005, patch.name


@pytest.fixture(scope="module")
def expanded() -> dict[str, ET.Element]:
    return {backend: load_robot("rx1", backend).urdf.root for backend in BACKENDS}


@pytest.mark.parametrize("backend", BACKENDS)
def test_backend_changes_only_the_hardware(
    expanded: dict[str, ET.Element], backend: str
) -> None:
    def without_backend(root: ET.Element) -> list[str]:
        return [
            ET.tostring(part, encoding="unicode").strip()
            for element in root
            if element.tag != "gazebo"
            for part in (element if element.tag == "ros2_control" else [element])
            if part.tag != "hardware"
        ]

    root = expanded[backend]
    plugins = [plugin.text for plugin in root.findall("ros2_control/hardware/plugin")]
    assert plugins == [BACKENDS[backend]]
    assert len(root.findall("gazebo")) == (1 if backend == "gazebo" else 0)
    same = without_backend(root)
    assert len(same) > 200
    assert same == without_backend(expanded["mujoco"])


def test_every_joint_takes_the_five_commands(
    rx1: Robot, expanded: dict[str, ET.Element]
) -> None:
    joints = expanded["mujoco"].findall("ros2_control/joint")
    assert sorted(joint.get("name", "") for joint in joints) == sorted(rx1.joints)
    for joint in joints:
        commands = [item.get("name") for item in joint.findall("command_interface")]
        assert commands == [
            "position",
            "velocity",
            "effort",
            "proportional",
            "derivative",
        ]
        states = [item.get("name") for item in joint.findall("state_interface")]
        assert states == ["position", "velocity", "effort", "temperature"]


def test_ros2_control_has_every_inner_sensor(
    rx1: Robot, expanded: dict[str, ET.Element]
) -> None:
    sensors = rx1.description.sensors
    names = [s.name for s in sensors.imu] + [s.name for s in sensors.force_torque]
    found = {
        sensor.get("name"): [item.get("name") for item in sensor]
        for sensor in expanded["mujoco"].findall("ros2_control/sensor")
    }
    assert sorted(found) == sorted(names)
    for name, interfaces in found.items():
        assert len(interfaces) == (6 if "_ft" in str(name) else 10), name


def test_distance_to_the_edge_of_the_support() -> None:
    """On a unit square with a point inside it, by hand."""
    points = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.4]], dtype=float)
    for point, wanted, normal in [
        ((0.5, 0.5), 0.5, None),
        ((0.9, 0.5), 0.1, (1, 0)),
        ((0.5, -0.2), -0.2, (0, -1)),
    ]:
        inside, outwards = distance_inside(points, np.array(point))
        assert inside == pytest.approx(wanted)
        if normal is not None:
            assert np.allclose(outwards, normal)


def test_zero_rpy_is_identity() -> None:
    assert np.array_equal(rotation_from_rpy([0, 0, 0]), np.eye(3))
