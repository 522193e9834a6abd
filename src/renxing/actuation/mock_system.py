# SPDX-License-Identifier: Apache-2.0
"""Hardware that is not there: joints do at once what they are told (`mock`).

For trying controllers and tools without a simulator. As `mock_components/GenericSystem`
a state follows the command of the same name, from `initial_value` on; a part's other
states keep their initial value. An IMU lies level and still.
"""

import numpy as np

from renxing.hardware_interface import HardwareComponent, Result, Return

GRAVITY = 9.81  # [m/s²] what a level accelerometer feels
AT_REST = {"orientation.w": 1.0, "linear_acceleration.z": GRAVITY}


class MockSystem(HardwareComponent):
    """Echoes commands into states."""

    def on_configure(self) -> Result:
        """Set the initial values and find which state follows which command."""
        initial = {
            f"{part.name}/{interface.name}": interface.initial_value
            for part in self.info.parts
            for interface in part.state_interfaces
        }
        names = list(self.state_names())
        for index, name in enumerate(names):
            value = initial.get(name)
            rest = AT_REST.get(name.partition("/")[2], 0.0)
            self.state[index] = rest if value is None else value
        commands = {name: index for index, name in enumerate(self.command_names())}
        pairs = [
            (i, commands[name]) for i, name in enumerate(names) if name in commands
        ]
        self._follows = np.array([state for state, _ in pairs], dtype=np.intp)
        self._leads = np.array([command for _, command in pairs], dtype=np.intp)
        return Result.SUCCESS

    def write(self, time: float, period: float) -> Return:
        """Do what is commanded; what is not stays."""
        wanted = self.command[self._leads]
        given = np.isfinite(wanted)
        self.state[self._follows[given]] = wanted[given]
        return Return.OK
