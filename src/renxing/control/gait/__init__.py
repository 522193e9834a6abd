# SPDX-License-Identifier: Apache-2.0
"""Gait: velocity commands and footsteps -> what the whole body shall do."""
