# SPDX-License-Identifier: Apache-2.0
"""The errors that renxing raises on purpose.

Every message says what is wrong, which thing it is, what was got and what is
allowed: ``joint 'left_knee': 2.71 rad outside [-0.10, 2.50]``.
"""

from typing import Any


class RenxingError(Exception):
    """Base of every error that renxing raises on purpose.

    It survives pickling with its message and attributes, so that a worker's error
    reaches who asked, whatever its class wants to be made of.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how to make it again: without `__init__`, which may want other things."""
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    kind: type[RenxingError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> RenxingError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class ConfigError(RenxingError):
    """A configuration file, argument or environment that cannot be used."""


class ModelError(RenxingError):
    """A robot or world description that is wrong or contradicts itself."""


class DeviceError(RenxingError):
    """A device that is missing, refuses, or breaks its protocol."""


class StaleError(RenxingError):
    """Data that is too old to act on."""


class UnsafeCommandError(RenxingError):
    """A command that the guard refuses to pass on."""
