# SPDX-License-Identifier: Apache-2.0
"""Drives on a bus: what frames hold, and what a drive does with them."""
