# SPDX-License-Identifier: Apache-2.0
"""Samples of the sensors -> body state, contacts, odometry."""
