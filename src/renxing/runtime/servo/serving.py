# SPDX-License-Identifier: Apache-2.0
"""How a real-time process of the servos lives: ready, with its rights, until asked."""

import os
import signal
from typing import Protocol

from renxing.runtime.rights import RightsConfig, claim_rights


class Loop(Protocol):
    """Something that runs until it is asked to end."""

    def run(self) -> None:
        """Run until `end`."""

    def end(self) -> None:
        """Ask it to end; called by a signal."""


def serve(loop: Loop, name: str, rights: RightsConfig) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        loop: What to run.
        name: Of the process, in what it says.
        rights: That it wants.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.end())
    # Said to whoever started it, if that is a supervisor.
    descriptor = os.environ.pop("RENXING_READY_FD", "")
    if descriptor:
        os.write(int(descriptor), b"ready\n")
        os.close(int(descriptor))
    for refusal in claim_rights(rights):
        print(f"{name}: {refusal.right} refused: {refusal.reason}; {refusal.fix}")
    loop.run()
