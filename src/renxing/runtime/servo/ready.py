# SPDX-License-Identifier: Apache-2.0
"""How a process tells its supervisor that it works."""

import os


def report_ready() -> None:
    """Say that this process works, if somebody has asked for it."""
    descriptor = os.environ.pop("RENXING_READY_FD", "")
    if descriptor:
        os.write(int(descriptor), b"ready\n")
        os.close(int(descriptor))
