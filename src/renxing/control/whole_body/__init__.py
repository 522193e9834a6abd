# SPDX-License-Identifier: Apache-2.0
"""Whole-body control: what the body shall do -> joint commands, by one QP a tick."""
