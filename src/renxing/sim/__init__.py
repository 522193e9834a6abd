# SPDX-License-Identifier: Apache-2.0
"""The twin: the same robot in MuJoCo, behind the same signals as the real one."""

from renxing.sim.shapes import World
from renxing.sim.twin import Twin, TwinConfig
from renxing.sim.world import load_world

__all__ = ["Twin", "TwinConfig", "World", "load_world"]
