# SPDX-License-Identifier: Apache-2.0
"""Raw counts -> calibrated samples -> what they mean; so far for the skin."""

from renxing.sensing.skin_calibration import (
    Fault,
    SkinCalibration,
    SkinCalibrationConfig,
)
from renxing.sensing.skin_contacts import SkinContacts, SkinContactsConfig

__all__ = [
    "Fault",
    "SkinCalibration",
    "SkinCalibrationConfig",
    "SkinContacts",
    "SkinContactsConfig",
]
