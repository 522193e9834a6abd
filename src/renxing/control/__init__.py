# SPDX-License-Identifier: Apache-2.0
"""Body state and goals -> joint commands."""
