# SPDX-License-Identifier: Apache-2.0
"""Open a CAN FD bus by its URL.

- `socketcan:can0`: an interface of the kernel, also a virtual one (`vcan0`).
- `udp:239.74.1.2:43110`: multicast on this machine's loopback, where the kernel has no
  CAN. `udp` alone takes an address made of the bus's name.
- `virtual:name`: between threads of one process, for tests.
"""

import select
import socket
import struct
import time
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any
from zlib import crc32

import can

from renxing.actuation.servo.table import Kind, identifier
from renxing.errors import ConfigError, DeviceError

PORT = 43110
LOOPBACK = "127.0.0.1"
# The frame as Linux gives it to user space: include/uapi/linux/can.h, canfd_frame.
_CANFD = struct.Struct("=IBBBB64s")
_FD_FLAG = 0x04  # CANFD_FDF
_QUEUE = 256 * 1024  # [bytes] some 700 frames


class LoopbackBus(can.BusABC):
    """CAN FD frames as UDP datagrams that never leave this machine.

    python-can's own `udp_multicast` joins on the default interface and needs msgpack;
    this one is bound to the loopback interface with a time to live of 0, and its
    datagrams are the kernel's 72-byte `canfd_frame`. As on a real bus everybody gets
    everything; a sender's own frames come back and fall to the filters.
    """

    def __init__(self, group: str, port: int, **options: Any) -> None:
        """Join a bus.

        Args:
            group: An IPv4 multicast address.
            port: UDP port.
            options: Of `can.BusABC`.

        Raises:
            DeviceError: If the system refuses.
        """
        self._target = (group, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._can_protocol = can.CanProtocol.CAN_FD
        here = socket.inet_aton(LOOPBACK)
        ip = socket.IPPROTO_IP
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE)
            self._socket.setsockopt(ip, socket.IP_MULTICAST_TTL, 0)
            self._socket.setsockopt(ip, socket.IP_MULTICAST_IF, here)
            # To the group, not to the port alone: other buses may have the same port.
            self._socket.bind(self._target)
            membership = socket.inet_aton(group) + here
            self._socket.setsockopt(ip, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError as error:
            self._socket.close()
            raise DeviceError(f"bus udp:{group}:{port}: {error}") from error
        self._socket.setblocking(False)
        super().__init__(channel=f"{group}:{port}", **options)

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        """Send a frame; never waits."""
        data = msg.data
        datagram = _CANFD.pack(
            msg.arbitration_id, len(data), _FD_FLAG, 0, 0, bytes(data)
        )
        try:
            self._socket.sendto(datagram, self._target)
        except OSError as error:
            raise can.CanOperationError(f"send: {error}") from error

    def _apply_filters(self, filters: can.typechecking.CanFilters | None) -> None:
        # Here and not in `recv`, which takes a filtered frame for an empty bus.
        self._wanted = [(f["can_id"], f["can_mask"]) for f in filters or ()]

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                datagram = self._socket.recv(_CANFD.size + 1)
            except BlockingIOError:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0.0:
                    return None, True
                select.select([self._socket], [], [], left)
                continue
            except OSError as error:
                raise can.CanOperationError(f"receive: {error}") from error
            if len(datagram) != _CANFD.size:
                continue  # somebody else's
            number, size, _flags, _, _, data = _CANFD.unpack(datagram)
            if self._wanted and not any(
                (number ^ wanted) & mask == 0 for wanted, mask in self._wanted
            ):
                continue
            message = can.Message(
                arbitration_id=number,
                is_extended_id=False,
                is_fd=True,
                data=data[: min(size, 64)],
            )
            return message, True

    def fileno(self) -> int:
        """Return the socket's descriptor, to wait for frames with `select`."""
        return self._socket.fileno()

    def shutdown(self) -> None:
        """Leave the bus."""
        super().shutdown()
        self._socket.close()


def open_bus(url: str, name: str, kinds: Sequence[Kind]) -> can.BusABC:
    """Open a bus.

    Args:
        url: What and where, see above.
        name: Of the bus on this machine, which an address is made of if the URL has
            none.
        kinds: Of the frames that are wanted; others are not received.

    Raises:
        ConfigError: If the URL is none of ours.
        DeviceError: If the bus cannot be opened.
    """
    filters: can.typechecking.CanFilters = [
        {"can_id": identifier(kind, 0), "can_mask": 0x700} for kind in kinds
    ]
    scheme, _, rest = url.partition(":")
    try:
        if scheme == "socketcan" and rest:
            return can.Bus(
                interface="socketcan", channel=rest, fd=True, can_filters=filters
            )
        if scheme == "virtual" and rest:
            return can.Bus(
                interface="virtual",
                channel=rest,
                protocol=can.CanProtocol.CAN_FD,
                can_filters=filters,
            )
    except (can.CanError, OSError, ImportError) as error:
        raise DeviceError(f"bus {url}: {error}") from error
    if scheme == "udp":
        return LoopbackBus(*_address(rest, url, name), can_filters=filters)
    raise ConfigError(
        f"bus '{url}': allowed: socketcan:INTERFACE, udp, udp:GROUP:PORT, virtual:NAME"
    )


def claim_bus(url: str, name: str) -> socket.socket | None:
    """Become the one process that commands the drives of a bus.

    A bus itself takes frames from everybody, whatever namespace they are of.

    Args:
        url: As for `open_bus`.
        name: As for `open_bus`.

    Returns:
        What to keep open; None for a bus of one process.

    Raises:
        ConfigError: If another process commands them, or the address is none.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "virtual":
        return None
    where = rest
    if scheme == "udp":
        group, port = _address(rest, url, name)
        where = f"{group}:{port}"
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # An abstract address: of this network namespace, as CAN interfaces are, of all
        # users, and gone with its process however that ends.
        claim.bind(f"\0renxing.bus.{scheme}:{where}")
    except OSError as error:
        claim.close()
        raise ConfigError(
            f"bus {scheme}:{where}: another process commands its drives; one is allowed"
        ) from error
    return claim


def is_simulated(url: str) -> bool:
    """Return whether only simulated drives can be on a bus."""
    return not url.startswith("socketcan:") or url.startswith("socketcan:vcan")


def _address(rest: str, url: str, name: str) -> tuple[str, int]:
    if not rest:
        number = crc32(name.encode())
        return f"239.74.{number >> 8 & 0xFF}.{number & 0xFF}", PORT
    group, _, port = rest.partition(":")
    try:
        if not IPv4Address(group).is_multicast:
            raise ValueError(f"{group} is no multicast address")
        return group, int(port) if port else PORT
    except ValueError as error:
        raise ConfigError(f"bus '{url}': {error}") from error
