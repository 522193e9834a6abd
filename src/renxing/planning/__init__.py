# SPDX-License-Identifier: Apache-2.0
"""Words and a scene -> plans of skills, checked, carried out and answered for."""
