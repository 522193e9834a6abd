# SPDX-License-Identifier: Apache-2.0
"""The colours that mean something everywhere on the page."""

GREEN, AMBER, RED, BLUE = "#2b8a3e", "#e67700", "#c92a2a", "#1864ab"
