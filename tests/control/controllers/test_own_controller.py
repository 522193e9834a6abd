# SPDX-License-Identifier: Apache-2.0
"""The example of docs/controllers.md runs as it is printed there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATES = {"a/velocity": 3.0}
GUIDE = Path(__file__).parents[3] / "docs" / "controllers.md"


def test_the_example_of_the_guide(lab: Callable[..., Any]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)
    made = lab(scope["Damp"], {"joints": ["a", "b"], "gain": 2}, states=STATES)
    made.step()
    assert made.commands.tolist() == [-6.0, 0.0]
