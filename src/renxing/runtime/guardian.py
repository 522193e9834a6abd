# SPDX-License-Identifier: Apache-2.0
"""A last witness: kills what is left when the supervisor itself is killed.

PR_SET_PDEATHSIG reaches only direct children. The guardian, a shell of about 1 MB,
knows every process group and ends them all when its pipe from the supervisor
closes, which the kernel does however the supervisor dies.
"""

import contextlib
import os
import subprocess

# `kill -s KILL -- -GROUP` is the form that dash and bash both take.
_SCRIPT = """
trap '' INT TERM HUP
groups=
while read -r sign group; do
  kept=
  for g in $groups; do [ "$g" = "$group" ] || kept="$kept $g"; done
  groups=$kept
  [ "$sign" = + ] && groups="$groups $group"
done
for g in $groups; do kill -s KILL -- "-$g"; done
"""


class Guardian:
    """Watches over the process groups of one supervisor."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "renxing-guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def add(self, group: int) -> None:
        """Watch a process group."""
        self._tell(f"+ {group}\n")

    def remove(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._tell(f"- {group}\n")

    def close(self) -> None:
        """End the guardian, and with it any group that was not removed."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)

    def _tell(self, line: str) -> None:
        # Without a guardian PDEATHSIG still holds: never fail because of it.
        if self._process.stdin:
            with contextlib.suppress(OSError):
                os.write(self._process.stdin.fileno(), line.encode())
