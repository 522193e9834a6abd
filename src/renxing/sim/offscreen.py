# SPDX-License-Identifier: Apache-2.0
"""OpenGL without a screen, for cameras of the simulation.

Through EGL, or through OSMesa where there is no EGL; both render in software if they
must.
"""

import ctypes.util
import importlib
from types import TracebackType
from typing import Any

from renxing.errors import DeviceError

FIX = (
    "no OpenGL to render with; to get it: ./renxing setup --extra cameras, and on "
    "Debian and Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
)


class Offscreen:
    """A drawable that is current while the block of its `with` runs."""

    def __init__(self, width: int, height: int) -> None:
        """Find OpenGL.

        Args:
            width: Of the greatest image [px].
            height: Of the greatest image [px].

        Raises:
            DeviceError: If there is none; says what to install.
        """
        self._context = _open(width, height)

    def __enter__(self) -> "Offscreen":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """Give OpenGL back."""
        self.free()

    def free(self) -> None:
        """Give OpenGL back."""
        self._context.free()


def _open(width: int, height: int) -> Any:
    for library, module in (("EGL", "mujoco.egl"), ("OSMesa", "mujoco.osmesa")):
        if ctypes.util.find_library(library) is None:
            continue
        try:
            context = importlib.import_module(module).GLContext(width, height)
            context.make_current()
        # Each of these comes from a library that is there but does not work.
        except (ImportError, AttributeError, RuntimeError) as error:
            raise DeviceError(f"{FIX} ({library}: {error})") from error
        return context
    raise DeviceError(FIX)
