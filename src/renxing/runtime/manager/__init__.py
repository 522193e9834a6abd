# SPDX-License-Identifier: Apache-2.0
"""The controller manager without ROS: components, controllers and their cycle."""
