# SPDX-License-Identifier: Apache-2.0
"""Whole-body control: what the body shall do -> joint commands, by one QP a tick."""

from renxing.control.whole_body.config import WholeBodyConfig
from renxing.control.whole_body.controller import WholeBodyController
from renxing.control.whole_body.kinematics import Kinematics, WholeBodySolution
from renxing.control.whole_body.task import (
    FootMotion,
    FootTask,
    LinkTask,
    WholeBodyTask,
)

__all__ = [
    "FootMotion",
    "FootTask",
    "Kinematics",
    "LinkTask",
    "WholeBodyConfig",
    "WholeBodyController",
    "WholeBodySolution",
    "WholeBodyTask",
]
