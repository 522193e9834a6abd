# SPDX-License-Identifier: Apache-2.0
"""The two libraries that only this room needs, imported when they are first used.

They come with the extra `mapping`; whoever makes no map starts without them.
"""

import importlib
from typing import Any

from renxing.errors import ConfigError


def small_gicp() -> Any:
    """Return the registration library (Koide 2024, "small_gicp").

    Raises:
        ConfigError: If it is not installed.
    """
    return _load("small_gicp")


def gtsam() -> Any:
    """Return the library for factor graphs (Dellaert & Kaess 2017).

    Raises:
        ConfigError: If it is not installed.
    """
    return _load("gtsam")


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"maps: the package '{name}' cannot be imported ({error}); run: "
            "./renxing setup --extra mapping"
        ) from error
