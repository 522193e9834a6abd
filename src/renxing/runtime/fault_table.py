# SPDX-License-Identifier: Apache-2.0
"""Break a simulated robot in all declared ways, see whether it reacts as declared."""

import tempfile
from pathlib import Path

from renxing.errors import ConfigError
from renxing.runtime.fault_cases import CASES, FaultCase
from renxing.runtime.fault_trial import Outcome, Task, Trial


def case_named(name: str) -> FaultCase:
    """Return a case.

    Raises:
        ConfigError: If there is none of this name.
    """
    for case in CASES:
        if case.name == name:
            return case
    known = ", ".join(case.name for case in CASES)
    raise ConfigError(f"fault case '{name}': allowed: {known}")


def try_fault(task: Task) -> Outcome:
    """Do one trial."""
    with tempfile.TemporaryDirectory() as folder:
        return Trial(task, case_named(task.case), Path(folder)).run()
