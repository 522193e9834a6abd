# SPDX-License-Identifier: Apache-2.0
"""The operator's page: shows the robot and carries his commands; knows no ROS."""

from renxing.console.page import Page
from renxing.console.report import (
    Balance,
    Member,
    Operator,
    Report,
    SimulationReport,
)

__all__ = ["Balance", "Member", "Operator", "Page", "Report", "SimulationReport"]
