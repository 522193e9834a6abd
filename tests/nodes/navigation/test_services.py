# SPDX-License-Identifier: Apache-2.0
"""Maps, costmaps and life cycles, by the names that Nav2's clients call."""

from typing import Any

import numpy as np
import pytest
from lifecycle_msgs.srv import GetState
from nav2_msgs.action import ComputePathToPose
from nav2_msgs.srv import (
    ClearCostmapAroundPose,
    ClearCostmapAroundRobot,
    ClearCostmapExceptRegion,
    ClearEntireCostmap,
    GetCost,
    GetCostmap,
    LoadMap,
    ManageLifecycleNodes,
    SaveMap,
)
from nav_msgs.msg import OccupancyGrid
from std_srvs.srv import Trigger

from renxing.nodes.navigation.map_file import load_map

pytestmark = pytest.mark.ros


def test_maps_are_latched(rig: Any) -> None:
    drawn = rig.bench.latched(OccupancyGrid, "map")
    assert (drawn.info.width, drawn.info.height) == (120, 80)
    assert drawn.info.resolution == pytest.approx(0.05)
    assert drawn.info.origin.position.x == pytest.approx(-1.0)
    for name, frame in (("global_costmap", "map"), ("local_costmap", "odom")):
        costs = rig.bench.latched(OccupancyGrid, f"{name}/costmap")
        assert costs.header.frame_id == frame
        assert {0, 99, 100} <= set(costs.data)


def test_costs_are_told(rig: Any) -> None:
    answer = rig.bench.call(GetCostmap, "global_costmap/get_costmap")
    costs = np.frombuffer(answer.map.data, np.uint8).reshape(80, 120)
    assert costs[0, 0] == 254 and costs[60, 60] < 50
    cost = rig.bench.call(GetCost, "global_costmap/get_cost_global_costmap", x=4.97)
    assert cost.cost == 254.0
    cost = rig.bench.call(GetCost, "global_costmap/get_cost_global_costmap", x=50.0)
    assert cost.cost == -1.0


def test_costmaps_are_cleared_by_both_names(rig: Any) -> None:
    kinds = {
        ClearEntireCostmap: ("clear_entirely_{}", "clear_entirely_{}"),
        ClearCostmapExceptRegion: ("clear_except_{}", "clear_costmap_except_region"),
        ClearCostmapAroundRobot: ("clear_around_{}", "clear_costmap_around_robot"),
        ClearCostmapAroundPose: ("clear_around_pose_{}", "clear_costmap_around_pose"),
    }
    for name in ("global_costmap", "local_costmap"):
        for kind, services in kinds.items():
            for service in services:
                rig.bench.call(kind, f"{name}/{service.format(name)}")
    # What is on the map stays.
    answer = rig.bench.call(GetCostmap, "local_costmap/get_costmap")
    assert 254 in answer.map.data


def test_maps_are_saved_and_loaded(rig: Any) -> None:
    copy = rig.bench.folder / "copy.yaml"
    saved = rig.bench.call(SaveMap, "map_saver/save_map", map_url=str(copy))
    assert saved.result
    assert (load_map(copy).values == load_map(rig.room).values).all()
    url = f"file://{copy}"
    loaded = rig.bench.call(LoadMap, "map_server/load_map", map_url=url)
    assert loaded.result == LoadMap.Response.RESULT_SUCCESS
    assert loaded.map.info.width == 120
    answer = rig.bench.call(LoadMap, "map_server/load_map", map_url="nowhere.yaml")
    assert answer.result == LoadMap.Response.RESULT_MAP_DOES_NOT_EXIST
    copy.with_suffix(".pgm").write_bytes(b"P5 3")
    answer = rig.bench.call(LoadMap, "map_server/load_map", map_url=str(copy))
    assert answer.result == LoadMap.Response.RESULT_INVALID_MAP_DATA


def test_life_cycles_are_managed(rig: Any) -> None:
    manager = "lifecycle_manager_navigation"
    assert rig.bench.call(Trigger, "lifecycle_manager_localization/is_active").success
    assert rig.bench.call(Trigger, f"{manager}/is_active").success
    state = rig.bench.call(GetState, "bt_navigator/get_state")
    assert state.current_state.label == "active"

    def manage(command: int) -> bool:
        name = f"{manager}/manage_nodes"
        return rig.bench.call(ManageLifecycleNodes, name, command=command).success

    command = ManageLifecycleNodes.Request
    assert manage(command.STARTUP)
    assert manage(command.PAUSE)
    assert not rig.bench.call(Trigger, f"{manager}/is_active").success
    goal = {"goal": rig.pose(1.0, 0.0)}
    assert not rig.send(ComputePathToPose, "compute_path_to_pose", **goal).accepted
    assert manage(command.RESUME)
    assert manage(command.RESET)
    state = rig.bench.call(GetState, "planner_server/get_state")
    assert state.current_state.label == "unconfigured"
    assert manage(command.STARTUP)
    rig.bench.spin(1.0)
    status, result = rig.do(ComputePathToPose, "compute_path_to_pose", **goal)
    assert status == rig.succeeded, result.error_msg
