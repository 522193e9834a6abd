# SPDX-License-Identifier: Apache-2.0
"""The ROS halves of the controllers: topics, services and actions, no real time."""
