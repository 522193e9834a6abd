# SPDX-License-Identifier: Apache-2.0
"""Read a controller's parameters, checked one by one.

Both halves of a controller read the same mapping, nested as in YAML. Names that nobody
reads are left alone, as ROS does: the controller manager has some of its own there.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from renxing.errors import ConfigError
from renxing.spatial import Array


class Parameters:
    """Parameters of one controller, or one section of them."""

    def __init__(self, owner: str, values: Mapping[str, Any], prefix: str = "") -> None:
        """Wrap a mapping.

        Args:
            owner: Name of the controller, for messages.
            values: Nested as in YAML.
            prefix: Of the section, with its dot.
        """
        self._owner = owner
        self._values = values
        self._prefix = prefix

    def __contains__(self, key: str) -> bool:
        """Tell whether a value is given."""
        return key in self._values

    def wrong(self, key: str, what: str) -> ConfigError:
        """Return an error about one parameter, to be raised."""
        return ConfigError(f"{self._owner}: parameter '{self._prefix}{key}': {what}")

    def section(self, key: str) -> "Parameters":
        """Return a section; an empty one if it is not given."""
        values = self._values.get(key, {})
        if not isinstance(values, Mapping):
            raise self.wrong(key, f"got {values!r}; a mapping wanted")
        return Parameters(self._owner, values, f"{self._prefix}{key}.")

    def text(
        self, key: str, default: str = "", allowed: Sequence[str] | None = None
    ) -> str:
        """Return a string, one of `allowed` if that is given."""
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, f"got {value!r}; a string wanted")
        if allowed is not None and value not in allowed:
            raise self.wrong(key, f"got '{value}'; allowed {list(allowed)}")
        return value

    def needed(self, key: str) -> str:
        """Return a string that must be given."""
        value = self.text(key)
        if not value:
            raise self.wrong(key, "must be given")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return a bool."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, f"got {value!r}; true or false wanted")
        return value

    def number(
        self,
        key: str,
        default: float,
        minimum: float = -math.inf,
        maximum: float = math.inf,
    ) -> float:
        """Return a number within [minimum, maximum]; whole ones are good enough."""
        value = self._values.get(key, default)
        if not _is_number(value):
            raise self.wrong(key, f"got {value!r}; a number wanted")
        if not minimum <= value <= maximum:  # also refuses NaN
            raise self.wrong(key, f"got {value}; allowed {minimum:g} to {maximum:g}")
        return float(value)

    def numbers(self, key: str, default: Sequence[float]) -> Array:
        """Return as many finite numbers as the default has."""
        value = self._values.get(key, default)
        good = not isinstance(value, str) and len(value) == len(default)
        if not good or not all(_is_number(x) and math.isfinite(x) for x in value):
            raise self.wrong(key, f"got {value!r}; {len(default)} numbers wanted")
        return np.array(value, dtype=float)

    def names(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return strings, none of them twice."""
        value = self._values.get(key, default)
        # ROS hands over an empty list as whatever it likes, such as (None,) or "".
        if value is None or len(value) == 0:
            return ()
        if isinstance(value, str) or not all(isinstance(x, str) for x in value):
            raise self.wrong(key, f"got {value!r}; a list of strings wanted")
        found = tuple(value)
        if len(set(found)) != len(found):
            raise self.wrong(key, f"{list(found)}: something is in it twice")
        return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
