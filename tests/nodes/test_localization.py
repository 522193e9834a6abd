# SPDX-License-Identifier: Apache-2.0
"""The localization node as a process: a map is made, kept, and found again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped
from lifecycle_msgs.srv import GetState
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from renxing.errors import DeviceError
from renxing.localization import Occupancy
from renxing.nodes import camera_messages, convert
from renxing.nodes import localization_messages as messages
from renxing.nodes.cloud_messages import from_cloud
from renxing.nodes.localization_worker import upright_covariance
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, rotation_from_rpy

PINHOLE = Pinhole(width=96, height=72, focal=62.0, centre_x=47.5, centre_y=35.5)
AMCL = QoSProfile(
    depth=1,
    reliability=QoSReliabilityPolicy.RELIABLE,
    durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
)


def test_clouds_come_back_as_points() -> None:
    depth = np.full((72, 96), 2.0, np.float32)
    depth[3, 5] = 0.0
    cloud = camera_messages.to_depth_cloud(Header(frame_id="eye"), depth, PINHOLE)
    points = from_cloud(cloud)
    assert points.shape == (72 * 96 - 1, 3)
    assert points[0] == pytest.approx([-47.5 * 2 / 62, -35.5 * 2 / 62, 2.0])
    cloud.data = cloud.data[:-12]
    with pytest.raises(DeviceError, match="bytes"):
        from_cloud(cloud)
    cloud.fields = cloud.fields[:2]
    with pytest.raises(DeviceError, match="got x, y"):
        from_cloud(cloud)


def test_grids_count_as_nav_msgs_does() -> None:
    cells = np.array([[0, 100, -1], [0, 0, 100]], np.int8)
    flat = Occupancy(origin=np.array([1.0, -2.0]), resolution=0.5, cells=cells)
    grid = messages.to_grid(convert.to_time(1.0), "map", flat)
    assert (grid.info.width, grid.info.height) == (3, 2)
    assert list(grid.data) == [0, 100, -1, 0, 0, 100]
    assert (grid.info.origin.position.x, grid.info.origin.position.y) == (1.0, -2.0)


def test_covariances_go_from_the_base_to_the_map() -> None:
    pose = SE3(rotation_from_rpy((0.0, 0.0, np.pi / 2)), np.zeros(3))
    own = np.diag([1e-4, 1e-4, 0.04, 0.01, 0.25, 0.09])
    found = upright_covariance(pose, own)
    assert np.diag(found) == pytest.approx([0.25, 0.01, 0.09, 0.04])
    message = messages.to_pose(convert.to_time(0.0), "map", pose, found)
    whole = np.array(message.pose.covariance).reshape(6, 6)
    assert (whole[0, 0], whole[5, 5]) == pytest.approx((0.25, 0.04))


class Room:
    """A corner of a room seen by a robot whose head camera turns with its base."""

    def __init__(self, bench: Any, robot: Any) -> None:
        self.bench = bench
        self.names = list(robot.joints)
        self.positions = robot.posture("stand")
        model, data = robot.model, robot.model.createData()
        import pinocchio

        q = robot.configuration(self.positions)
        pinocchio.framesForwardKinematics(model, data, q)
        base = data.oMf[robot.frame(robot.description.base)]
        camera = next(c for c in robot.description.sensors.cameras if c.name == "head")
        self.camera = camera
        self.eye = base.actInv(data.oMf[robot.frame(camera.frame)])
        soles = [data.oMf[robot.frame(f.sole)] for f in robot.description.feet]
        self.height = float((base.translation - soles[0].translation)[2])
        publisher = bench.node.create_publisher
        self.odom = publisher(Odometry, bench.full("odom"), 10)
        self.joints = publisher(JointState, bench.full("joint_states"), 10)
        self.cloud = publisher(PointCloud2, bench.full("camera/head/points"), 2)

    def show(self, x: float, yaw: float, odom_x: float | None = None) -> None:
        """Publish what is seen from a place, several times, as images come."""
        pose = SE3(rotation_from_rpy((0.0, 0.0, yaw)), np.array([x, 0.0, self.height]))
        believed = pose.copy()
        if odom_x is not None:
            believed.translation = np.array([odom_x, 0.0, self.height])
        depth = self.depth(pose * self.eye)
        for _ in range(3):
            stamp = self.bench.node.get_clock().now().to_msg()
            odometry = Odometry(header=Header(stamp=stamp, frame_id="odom"))
            odometry.pose.pose = convert.to_pose(believed)
            joints = JointState(header=Header(stamp=stamp), name=self.names)
            joints.position = [float(value) for value in self.positions]
            header = Header(stamp=stamp, frame_id=self.camera.frame)
            self.odom.publish(odometry)
            self.joints.publish(joints)
            self.cloud.publish(camera_messages.to_depth_cloud(header, depth, PINHOLE))
            self.bench.spin(0.05)

    def depth(self, eye: SE3) -> Any:
        """Return the depth of floor, three walls and a box."""
        u, v = np.meshgrid(np.arange(96), np.arange(72))
        rays = np.stack(
            [(u - 47.5) / 62.0, (v - 35.5) / 62.0, np.ones(u.shape)], axis=-1
        )
        world = rays @ eye.rotation.T
        best = np.full(u.shape, np.inf)
        low, high = np.array([-2.0, -2.0, 0.0]), np.array([4.0, 2.5, 3.0])
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.maximum(
                (low - eye.translation) / world, (high - eye.translation) / world
            )
            best = ends.min(axis=-1)
            one, two = np.array([2.6, -0.9, 0.0]), np.array([3.2, -0.2, 1.1])
            near = np.minimum(
                (one - eye.translation) / world, (two - eye.translation) / world
            ).max(axis=-1)
            far = np.maximum(
                (one - eye.translation) / world, (two - eye.translation) / world
            ).min(axis=-1)
        hit = (near > 0.0) & (near < far)
        return np.where(hit, np.minimum(best, near), best).astype(np.float32)


def mode(message: DiagnosticArray) -> dict[str, str]:
    return {v.key: v.value for v in message.status[0].values}


@pytest.mark.ros
@pytest.mark.slow
def test_a_map_is_made_kept_and_found_again(
    bench: Any, robot: Any, tmp_path: Path
) -> None:
    pytest.importorskip("gtsam", reason="./renxing setup --extra mapping")
    file = tmp_path / "room.npz"
    own = {"robot": "rx1", "cameras": "head", "file": str(file), "niceness": 0}
    node = bench.start("localization", **own).wait_until_ready()
    assert bench.call(GetState, bench.full("amcl/get_state")).current_state.label == (
        "active"
    )
    nothing = bench.call(Trigger, bench.full("localization/save"))
    assert not nothing.success and "nothing has been seen" in nothing.message
    room = Room(bench, robot)
    heard: list[DiagnosticArray] = []
    bench.node.create_subscription(
        DiagnosticArray, bench.full("diagnostics"), heard.append, 10
    )

    def until(what: str, wanted: Any, *places: tuple[float, float], **show: Any) -> Any:
        """Show places over and over until diagnostics are as wanted."""
        turn = 0

        def so() -> bool:
            nonlocal turn
            room.show(*places[turn % len(places)], **show)
            turn += 1
            return bool(heard) and wanted(mode(heard[-1]))

        return bench.wait(so, what)

    places = [(0.0, 0.0), (0.0, 0.4), (0.0, -0.4), (0.5, 0.0), (0.5, -0.4)]
    until("a map", lambda m: int(m["keyframes"]) >= 5, *places)
    pose = bench.collect(PoseWithCovarianceStamped, "amcl_pose", 1, AMCL)[0]
    assert pose.header.frame_id == "map"
    grid = bench.latched(OccupancyGrid, "map")
    assert grid.info.resolution == pytest.approx(0.05) and 100 in grid.data
    (tf,) = bench.one(TFMessage, "tf").transforms
    assert (tf.header.frame_id, tf.child_frame_id) == ("map", "odom")
    assert bench.call(Trigger, bench.full("localization/save")).success
    assert node.interrupt() == 0

    # Odometry begins elsewhere: 2 m beside what it was.
    again = bench.start("localization", **own).wait_until_ready()
    heard.clear()
    until("the place", lambda m: m["mode"] == "tracking", (0.5, 0.0), odom_x=2.5)
    (tf,) = bench.one(TFMessage, "tf").transforms
    assert tf.transform.translation.x == pytest.approx(-2.0, abs=0.15)
    assert tf.transform.translation.y == pytest.approx(0.0, abs=0.15)
    assert again.interrupt() == 0
