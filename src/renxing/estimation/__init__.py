# SPDX-License-Identifier: Apache-2.0
"""Samples of the sensors -> body state, contacts, odometry."""

from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.state_estimator import StateEstimator

__all__ = ["StateEstimator", "StateEstimatorConfig"]
