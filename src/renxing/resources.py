# SPDX-License-Identifier: Apache-2.0
"""Where the data files of the project lie: `config/`, `urdf/`, `launch/`.

From a checkout they lie at its root; from an installation (colcon or pip) in
`share/renxing` of the prefix that holds this package.
"""

from functools import cache
from pathlib import Path

from renxing.errors import ConfigError


@cache
def resource_root() -> Path:
    """Return the folder that holds `config/` and `urdf/`.

    Raises:
        ConfigError: If neither a checkout nor an installation holds them.
    """
    here = Path(__file__).resolve()
    checkout = here.parents[2]
    installed = [parent / "share" / "renxing" for parent in here.parents]
    for root in [checkout, *installed]:
        if (root / "config" / "robots").is_dir():
            return root
    raise ConfigError(
        f"the data files of renxing: no config/robots in {checkout} nor in the "
        f"share/renxing of any prefix above {here}; install the package again"
    )


def resource(path: str | Path) -> Path:
    """Return the absolute path of a data file named relative to the project.

    Args:
        path: Such as `config/robots/rx1.yaml`; an absolute path is kept as it is.

    Raises:
        ConfigError: If there is no such file or folder.
    """
    found = resource_root() / path
    if not found.exists():
        raise ConfigError(f"file '{path}': not found in {resource_root()}")
    return found
