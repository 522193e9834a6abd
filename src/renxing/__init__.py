# SPDX-License-Identifier: Apache-2.0
"""renxing (人形, "human form"): a ROS 2 stack that runs a whole humanoid."""

__version__ = "0.1.0"
