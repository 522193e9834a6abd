# SPDX-License-Identifier: Apache-2.0
"""What the brain knows now: places of a file, things, charge, stops, where it is."""

import math
import time
from pathlib import Path

import numpy as np
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import BatteryState

from renxing.errors import ConfigError, StaleError
from renxing.navigation import CostGrid
from renxing.navigation.coverage import Coverage, CoverageConfig
from renxing.nodes import convert
from renxing.nodes.navigation.frames import Frames
from renxing.nodes.navigation.grid_messages import from_occupancy_message, place_of
from renxing.nodes.navigation.stop_watch import StopWatch
from renxing.planning.scene import PlacesFile, Pose, Scene, SeenObject, read_places
from renxing.spatial import SE3
from renxing_msgs.msg import SceneObject, SceneObjects

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
FLOOR = 80  # cells
BATTERY_AGE = 5.0  # [s] for which a charge counts
WAKING = 15.0  # [s] in which those that tell where the robot is are found


class Surroundings:
    """Listens, and puts together a scene when asked.

    Attributes:
        frames: Where the robot is.
        stops: Whether it may move.
        heard: When the last list of things came [s]; -inf before the first.
        lists: How many have come, one for each image that was looked at.
    """

    def __init__(self, node: Node, places: Path | None, frames: Frames) -> None:
        """Read the places and listen.

        Args:
            node: That carries the subscriptions.
            places: File of places and zones; None for none.
            frames: Where the robot is.

        Raises:
            ConfigError: If the file cannot be used.
        """
        self._node = node
        self.frames = frames
        self._places = PlacesFile(places=()) if places is None else read_places(places)
        self.stops = StopWatch(node)
        self.heard = -math.inf
        self.lists = 0
        self._objects: SceneObjects | None = None
        self._battery: tuple[float, float] | None = None
        self._map: CostGrid | None = None
        self._coverage: Coverage | None = None
        self._wakes_until = time.monotonic() + WAKING
        hear = node.create_subscription
        hear(OccupancyGrid, "map", self.on_map, LATCHED)
        hear(SceneObjects, "scene/objects", self.on_objects, LATCHED)
        hear(BatteryState, "battery_state", self.on_battery, 1)

    def on_objects(self, message: SceneObjects) -> None:
        """Keep what was seen."""
        self._objects = message
        self.heard = self.now()
        self.lists += 1

    def on_map(self, message: OccupancyGrid) -> None:
        """Keep the map."""
        try:
            self._map = from_occupancy_message(message)
        except ConfigError as error:
            self._node.get_logger().error(str(error))

    def coverage(self, here: Pose) -> Coverage:
        """Return what was looked at of the map; without one, of a free floor.

        Args:
            here: Where the robot is: x, y [m], yaw [rad].
        """
        grid, config = self._map, CoverageConfig()
        if grid is None:
            cells = np.zeros((FLOOR, FLOOR), np.uint8)
            corner = np.array(here[:2]) - 0.5 * FLOOR * config.resolution
            size = config.resolution
            grid = CostGrid(costs=cells, resolution=size, origin=corner)
        made, before = Coverage(grid, here[:2], config), self._coverage
        if before is not None:
            made.remember(before)
        self._coverage = made
        return made

    def on_battery(self, message: BatteryState) -> None:
        """Keep the charge."""
        if 0.0 <= message.percentage <= 1.0:
            self._battery = (self.now(), float(message.percentage))

    def now(self) -> float:
        """Return ROS time [s]."""
        return float(self._node.get_clock().now().nanoseconds * 1e-9)

    def waking(self) -> bool:
        """Whether the robot has just begun and has not been told yet where it is."""
        return time.monotonic() < self._wakes_until and self.scene().pose is None

    def scene(self) -> Scene:
        """Return all that is known at this moment."""
        now = self.now()
        pose: tuple[float, float, float] | None
        try:
            x, y, yaw = place_of(self.frames.base_to_map()).tolist()
            pose = (x, y, yaw)
        except StaleError:
            pose = None
        battery = None
        if self._battery is not None and now - self._battery[0] < BATTERY_AGE:
            battery = self._battery[1]
        return Scene(
            places=self._places.places,
            zones=self._places.zones,
            dock=self._places.dock,
            objects=self._seen(),
            pose=pose,
            battery=battery,
            stopped=bool(self.stops.why),
            stamp=now,
        )

    def _seen(self) -> tuple[SeenObject, ...]:
        message = self._objects
        if message is None:
            return ()
        try:
            frame_to_map = self.frames.to_map(message.header.frame_id)
        except StaleError:
            return ()  # things whose place in the map nobody knows
        found = []
        for one in message.objects:
            try:
                found.append(_object(one, frame_to_map))
            except ConfigError as error:
                text = f"scene/objects: '{one.id}': {error}"
                self._node.get_logger().error(text, throttle_duration_sec=5.0)
        return tuple(found)


def _object(message: SceneObject, frame_to_map: SE3) -> SeenObject:
    pose = frame_to_map * convert.from_pose(message.pose)
    x, y, z = pose.translation.tolist()
    return SeenObject(
        id=message.id,
        label=message.label,
        color=message.color,
        support=message.support,
        position=(x, y, z),
        size=(message.size.x, message.size.y, message.size.z),
        yaw=float(place_of(pose)[2]),
        confidence=min(max(float(message.confidence), 0.0), 1.0),
        sightings=int(message.sightings),
        first_seen=convert.to_seconds(message.first_seen),
        last_seen=convert.to_seconds(message.last_seen),
    )
