# SPDX-License-Identifier: Apache-2.0
"""Take what the system lets a real-time loop have, and say what it does not.

Call `claim_rights` in the thread of the loop, after everything is loaded and after
helper processes have been started. Nothing here is fatal: without these rights the
loop runs, only less evenly.
"""

import contextlib
import ctypes
import gc
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

LIMITS = "/etc/security/limits.d/renxing.conf"

# From Linux and glibc headers: sys/mman.h, linux/prctl.h, malloc.h,
# linux/capability.h.
_MCL_CURRENT, _MCL_FUTURE = 1, 2
_PR_SET_TIMERSLACK = 29
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_CAP_IPC_LOCK = 14

_STACK_DEPTH = 400  # calls through C, which is some 400 kB of stack


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsConfig:
    """What a loop asks for.

    Attributes:
        thread_priority: SCHED_FIFO priority of the loop; 0 does not ask for it.
        cpu_affinity: Cores that the loop may run on; () leaves that to the system.
        lock_memory: Whether no page may ever be swapped or fetched late.
        timer_slack: How much later than asked the kernel may wake the loop [ns].
        switch_interval: For how long another Python thread may keep the loop from
            running [s].
        freeze_garbage: Whether to stop the garbage collector; the loop must then make
            no reference cycles.
        heap: Memory that is fetched now instead of in the loop [bytes].
    """

    thread_priority: int = field(default=50, metadata={"min": 0, "max": 98})
    cpu_affinity: tuple[int, ...] = ()
    lock_memory: bool = True
    timer_slack: int = field(default=1, metadata={"min": 1})
    switch_interval: float = field(default=5e-5, metadata={"min": 1e-6, "max": 0.01})
    freeze_garbage: bool = True
    heap: int = field(default=32 * 2**20, metadata={"min": 0})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A right that the system has refused.

    Attributes:
        right: What was asked for.
        reason: What the system said.
        fix: One line that helps.
    """

    right: str
    reason: str
    fix: str


def claim_rights(config: RightsConfig) -> list[Refusal]:
    """Take all rights that are to be had, for this thread and its process.

    Returns:
        Those that were refused, each once.
    """
    cores = ",".join(map(str, config.cpu_affinity))
    wanted: list[tuple[str, bool, Callable[[], None], str]] = [
        (
            "SCHED_FIFO",
            config.thread_priority > 0,
            lambda: _schedule(config.thread_priority),
            f"add '@realtime - rtprio 98' to {LIMITS}, log in again",
        ),
        (
            "CPU affinity",
            bool(config.cpu_affinity),
            lambda: os.sched_setaffinity(0, config.cpu_affinity),
            f"set cpu_affinity to cores of {sorted(os.sched_getaffinity(0))}, "
            f"not [{cores}]",
        ),
        ("timer slack", True, lambda: _slack(config.timer_slack), "none is known"),
        ("memory allocator", True, _tune_allocator, "use a system with glibc"),
        ("one BLAS thread", True, _calm_blas, "set OPENBLAS_NUM_THREADS=1"),
        (
            "locked memory",
            config.lock_memory,
            _lock_memory,
            f"add '@realtime - memlock unlimited' to {LIMITS}, log in again",
        ),
    ]
    refusals = []
    for right, asked, claim, fix in wanted:
        if not asked:
            continue
        try:
            claim()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            refusals.append(Refusal(right, reason, fix))
    _touch_heap(config.heap)
    _touch_stack()
    sys.setswitchinterval(config.switch_interval)
    if config.freeze_garbage:
        gc.collect()
        gc.freeze()
        gc.disable()
    return refusals


def follow_closely() -> None:
    """Let this thread run before all but loops, if the system permits it.

    For a thread of the loop's process: if it were held up by others while it holds the
    interpreter's lock, so would be the loop.
    """
    # The loop asks for the same right, and says when it is refused.
    with contextlib.suppress(OSError):
        _schedule(1)


def _schedule(priority: int) -> None:
    # Reset on fork: helper threads and processes must not compete with the loop.
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    os.sched_setscheduler(0, policy, os.sched_param(priority))


def _slack(nanoseconds: int) -> None:
    _call("prctl", _PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0)


def _tune_allocator() -> None:
    # Freed memory is kept and large arrays come from it, for every new page is a
    # fault of up to tens of microseconds.
    for option, value in (
        (_M_MMAP_MAX, 0),
        (_M_TRIM_THRESHOLD, 2**31 - 1),
        (_M_TOP_PAD, 2**20),
    ):
        if _function("mallopt")(option, value) != 1:
            raise OSError(0, f"mallopt refuses {option}")


def _calm_blas() -> None:
    # Its threads have no priority: the loop would wait for them behind everybody.
    maps = Path("/proc/self/maps").read_text().split()
    for library in {word for word in maps if "openblas" in word}:
        loaded = ctypes.CDLL(library)
        names = (
            f"{prefix}openblas_set_num_threads{suffix}"
            for prefix in ("", "scipy_")
            for suffix in ("", "64_")
        )
        setters = [getattr(loaded, name) for name in names if hasattr(loaded, name)]
        if not setters:
            raise OSError(0, f"{Path(library).name} cannot be told")
        setters[0](1)


def _lock_memory() -> None:
    # With a limit, locking what comes in future would make allocations fail later.
    limited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY
    whole = not limited or _has_capability(_CAP_IPC_LOCK)
    _call("mlockall", _MCL_CURRENT | (_MCL_FUTURE if whole else 0))


def _touch_heap(size: int) -> None:
    # Through the allocator that Python and NumPy use; freed, but kept by the process.
    with contextlib.suppress(AttributeError):
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        libc.free.argtypes = (ctypes.c_void_p,)
        block = libc.malloc(ctypes.c_size_t(size))
        if block:
            ctypes.memset(block, 0, size)
            libc.free(block)


def _touch_stack() -> None:
    def descend(depth: int) -> None:
        if depth:
            call(depth - 1)

    call = ctypes.CFUNCTYPE(None, ctypes.c_int)(descend)
    call(_STACK_DEPTH)


def _has_capability(number: int) -> bool:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return False
    held = next((int(x.split()[1], 16) for x in lines if x.startswith("CapEff")), 0)
    return bool(held >> number & 1)


def _call(name: str, *arguments: int) -> None:
    if _function(name)(*map(ctypes.c_ulong, arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _function(name: str) -> Callable[..., int]:
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None, use_errno=True), name)
    except AttributeError:
        raise OSError(0, f"this system has no {name}") from None
    return found
