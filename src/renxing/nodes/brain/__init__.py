# SPDX-License-Identifier: Apache-2.0
"""The brain on the graph: words -> checked plan -> actions -> measured outcomes."""
