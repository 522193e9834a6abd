# SPDX-License-Identifier: Apache-2.0
"""Navigation on the graph, by the names of Nav2.

    map_server -> planner_server, global costmap    <- bt_navigator <- waypoint_follower
               -> controller_server, local costmap  <-
                  -> cmd_vel

Each node is a file of its own; what several need is in `solo`, `child`, `frames`,
`grid_messages` and `costmap`.
"""
