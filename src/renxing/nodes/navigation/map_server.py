# SPDX-License-Identifier: Apache-2.0
"""The map, from a file or drawn from the simulated world."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_share_directory,
)
from nav2_msgs.srv import LoadMap, SaveMap
from nav_msgs.msg import OccupancyGrid
from nav_msgs.srv import GetMap
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.nodes.managed import ManagedNode
from renxing.nodes.navigation.grid_messages import occupancy_message
from renxing.nodes.navigation.map_file import OccupancyMap, load_map, save_map
from renxing.nodes.parameters import load_config
from renxing.sim.floor_plan import FloorPlanConfig, floor_plan
from renxing.sim.world import load_world
from renxing.spatial import SE3

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
TF_STATIC = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapServerConfig:
    """The node.

    Attributes:
        map: Path of a map's YAML file; empty draws the world instead.
        world: Name in config/worlds or path of a world's YAML file; empty for none.
        frame: Of the map.
        fixed_odom: Name of the odometry's frame, if it shall lie fixed where the map
            does; empty where something localizes the robot.
        plan: How the world is drawn.
    """

    map: str = ""
    world: str = ""
    frame: str = "map"
    fixed_odom: str = ""
    plan: FloorPlanConfig = field(default_factory=FloorPlanConfig)


class MapServer(ManagedNode):
    """Has the map.

    Publishes: map (OccupancyGrid, latched); tf_static map -> odom with `fixed_odom`.
    Services: ~/load_map (LoadMap), ~/map (GetMap), map_saver/save_map (SaveMap).
    Parameters: `MapServerConfig`.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("map_server")

    def configure(self) -> None:
        """Load or draw the map."""
        self.config = config = load_config(self, MapServerConfig)
        self._map = self._first_map()
        self._maps = self.create_publisher(OccupancyGrid, "map", LATCHED)
        self.create_service(LoadMap, "~/load_map", self.load)
        self.create_service(GetMap, "~/map", self.get)
        self.create_service(SaveMap, "map_saver/save_map", self.save)
        if config.fixed_odom:
            self._tf = self.create_publisher(TFMessage, "tf_static", TF_STATIC)

    def activate(self) -> None:
        """Publish it."""
        self._publish()
        if self.config.fixed_odom:
            now = self.get_clock().now().to_msg()
            config, here = self.config, SE3.Identity()
            fixed = convert.to_transform(now, config.frame, config.fixed_odom, here)
            self._tf.publish(TFMessage(transforms=[fixed]))

    def _first_map(self) -> OccupancyMap:
        config = self.config
        if config.map:
            return load_map(Path(config.map))
        if not config.world:
            raise ConfigError("map_server: neither a map nor a world is given")
        drawn = floor_plan(load_world(config.world), config.plan)
        return OccupancyMap(
            values=drawn.occupancy, resolution=drawn.resolution, origin=drawn.origin
        )

    def load(self, request: Any, response: Any) -> Any:
        """Load another map; the old one stays if that fails."""
        try:
            path = path_of(request.map_url)
        except ConfigError as error:
            self.get_logger().error(str(error))
            response.result = LoadMap.Response.RESULT_MAP_DOES_NOT_EXIST
            return response
        if not path.is_file():
            self.get_logger().error(f"map '{request.map_url}': no such file")
            response.result = LoadMap.Response.RESULT_MAP_DOES_NOT_EXIST
            return response
        try:
            self._map = load_map(path)
        except ConfigError as error:
            self.get_logger().error(str(error))
            response.result = (
                LoadMap.Response.RESULT_INVALID_MAP_DATA
                if "picture" in str(error)
                else LoadMap.Response.RESULT_INVALID_MAP_METADATA
            )
            return response
        response.map = self._message()
        response.result = LoadMap.Response.RESULT_SUCCESS
        self._publish()
        return response

    def get(self, _request: Any, response: Any) -> Any:
        """Return the map."""
        response.map = self._message()
        return response

    def save(self, request: Any, response: Any) -> Any:
        """Write the map into files; those of other topics are not known here."""
        response.result = False
        if request.map_topic.lstrip("/") not in ("", "map"):
            self.get_logger().error(f"topic '{request.map_topic}': only map is saved")
        elif request.image_format not in ("", "pgm"):
            text = f"image format '{request.image_format}': only pgm is written"
            self.get_logger().error(text)
        else:
            try:
                save_map(path_of(request.map_url).with_suffix(".yaml"), self._map)
                response.result = True
            except ConfigError as error:
                self.get_logger().error(str(error))
        return response

    def _publish(self) -> None:
        self._maps.publish(self._message())

    def _message(self) -> OccupancyGrid:
        one, now = self._map, self.get_clock().now().to_msg()
        frame = self.config.frame
        return occupancy_message(now, frame, one.values, one.resolution, one.origin)


def path_of(url: str) -> Path:
    """Return the path that a URL of Nav2 means: a path, `file://` or `package://`.

    Raises:
        ConfigError: If it means none.
    """
    parts = urlsplit(url)
    if parts.scheme == "" and url:
        return Path(url)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme == "package":
        try:
            share = get_package_share_directory(parts.netloc)
        except (PackageNotFoundError, ValueError) as error:
            raise ConfigError(f"map '{url}': no package {parts.netloc}") from error
        return Path(share) / unquote(parts.path).lstrip("/")
    raise ConfigError(f"map '{url}': a path, file:// or package:// wanted")
