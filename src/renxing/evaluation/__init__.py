# SPDX-License-Identifier: Apache-2.0
"""Scorecards: scenarios, runs in lock-step, judgement and reports."""
