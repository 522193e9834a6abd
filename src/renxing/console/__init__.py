# SPDX-License-Identifier: Apache-2.0
"""The operator's page: shows the robot and carries his commands; knows no ROS."""

from renxing.console.page import Operator, Page, Report

__all__ = ["Operator", "Page", "Report"]
