# SPDX-License-Identifier: Apache-2.0
"""Thin ROS 2 shells around rooms and devices; the only package that knows ROS."""
