# SPDX-License-Identifier: Apache-2.0
"""The services of a costmap, by the names of Nav2's servers and of its clients."""

from collections.abc import Callable
from typing import Any

from nav2_msgs.srv import (
    ClearCostmapAroundPose,
    ClearCostmapAroundRobot,
    ClearCostmapExceptRegion,
    ClearEntireCostmap,
    GetCost,
    GetCostmap,
)
from rclpy.node import Node

from renxing.errors import ConfigError, StaleError
from renxing.navigation import UNKNOWN, CostGrid
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.frames import Frames
from renxing.nodes.navigation.sight import Sight
from renxing.spatial import Array


class CostmapServices:
    """Answers what the costs are, and forgets what the eyes have seen.

    Services: <name>/get_costmap, <name>/get_cost_<name>, and those that clear, by the
    names of Nav2's servers and by those that nav2_simple_commander calls. Cleared is
    what the eyes have seen, until they see it again; the map is not.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        frame: str,
        frames: Frames,
        sight: Sight,
        compose: Callable[[], CostGrid],
    ) -> None:
        """Offer them.

        Args:
            node: That carries them.
            name: Of the costmap.
            frame: Of the costmap.
            frames: Where the robot is.
            sight: What is cleared.
            compose: Returns the costs now, or raises StaleError.
        """
        self._node, self._frame, self._frames = node, frame, frames
        self._sight, self._compose = sight, compose
        serve = node.create_service
        serve(GetCostmap, f"{name}/get_costmap", self.get)
        serve(GetCost, f"{name}/get_cost_{name}", self.cost)
        serve(ClearEntireCostmap, f"{name}/clear_entirely_{name}", self.clear)
        # BasicNavigator asks by the second name of each, which Nav2 itself lacks.
        for kind, callback, names in (
            (ClearCostmapExceptRegion, self.clear_except,
             (f"clear_except_{name}", "clear_costmap_except_region")),
            (ClearCostmapAroundRobot, self.clear_around,
             (f"clear_around_{name}", "clear_costmap_around_robot")),
            (ClearCostmapAroundPose, self.clear_around_pose,
             (f"clear_around_pose_{name}", "clear_costmap_around_pose")),
        ):  # fmt: skip
            for one in names:
                serve(kind, f"{name}/{one}", callback)

    def get(self, _request: Any, response: Any) -> Any:
        """Return the costs; an empty map while there are none."""
        try:
            costs = self._compose()
        except StaleError as error:
            self._node.get_logger().warning(str(error))
            return response
        now = self._node.get_clock().now().to_msg()
        response.map = messages.to_costmap(now, self._frame, costs)
        return response

    def cost(self, request: Any, response: Any) -> Any:
        """Return the cost of a place of the costmap's frame; -1 when not known.

        The robot is a disc, so that a footprint costs what its middle does.
        """
        response.cost = -1.0
        try:
            found = self._compose().cost_at([request.x, request.y])
            response.cost = -1.0 if found == UNKNOWN else float(found)
        except StaleError as error:
            self._node.get_logger().warning(str(error))
        return response

    def clear(self, _request: Any, response: Any) -> Any:
        """Forget all that the eyes have seen."""
        self._sight.forget_all()
        return response

    def clear_except(self, request: Any, response: Any) -> Any:
        """Forget what they have seen outside a square around the robot."""
        self._forget(self._robot(), request.reset_distance, inside=False)
        return response

    def clear_around(self, request: Any, response: Any) -> Any:
        """Forget what they have seen in a square around the robot."""
        self._forget(self._robot(), request.reset_distance, inside=True)
        return response

    def clear_around_pose(self, request: Any, response: Any) -> Any:
        """Forget what they have seen in a square around a pose."""
        try:
            place = messages.planar(self._frames.place(request.pose))
            in_odom = self._frames.odom_to_map().inverse() * place
            self._forget(in_odom.translation, request.reset_distance, inside=True)
        except (StaleError, ConfigError) as error:
            self._node.get_logger().warning(f"not cleared: {error}")
        return response

    def _robot(self) -> Array | None:
        try:
            found: Array = self._frames.base_to_odom().translation
            return found
        except StaleError as error:
            self._node.get_logger().warning(f"not cleared: {error}")
            return None

    def _forget(self, middle: Array | None, side: float, inside: bool) -> None:
        if middle is not None:
            self._sight.forget(middle, side, inside)
