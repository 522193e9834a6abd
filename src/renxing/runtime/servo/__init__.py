# SPDX-License-Identifier: Apache-2.0
"""The `servo` backend: buses, their real-time processes, the joint bus, the drives."""
