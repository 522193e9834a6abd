# SPDX-License-Identifier: Apache-2.0
"""Joint commands -> drives, through the guard."""
