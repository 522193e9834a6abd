# SPDX-License-Identifier: Apache-2.0
"""The `topics` backend: a robot behind ROS topics, as one bus of the joint bus."""
