# SPDX-License-Identifier: Apache-2.0
"""What the navigator tries between two attempts, in turn."""

from collections.abc import Generator
from dataclasses import dataclass, field

from geometry_msgs.msg import Point
from nav2_msgs.action import BackUp, Spin, Wait
from nav2_msgs.srv import ClearEntireCostmap

from renxing.nodes.navigation.child import Answer
from renxing.nodes.navigation.grid_messages import to_duration
from renxing.nodes.navigation.solo_node import SoloNode

SERVICE_TIME = 1.0  # [s] that a service has to answer
ALLOWANCE = 15.0  # [s] that a motion has
NAMES = ("local_costmap", "global_costmap")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryConfig:
    """How much of each.

    Attributes:
        wait: [s].
        back_up: [m].
        back_up_speed: [m/s].
        spin: [rad].
    """

    wait: float = field(default=3.0, metadata={"min": 0.0, "max": 60.0})
    back_up: float = field(default=0.3, metadata={"min": 0.01, "max": 2.0})
    back_up_speed: float = field(default=0.15, metadata={"min": 0.01, "max": 1.0})
    spin: float = field(default=1.57, metadata={"min": 0.0, "max": 6.3})


class Recovery:
    """Clears the costmaps each time, and then waits, backs up or spins."""

    def __init__(self, node: SoloNode, config: RecoveryConfig) -> None:
        """Look for the servers."""
        self._node, self._config = node, config
        self._wait = node.ask(Wait, "wait")
        self._back_up = node.ask(BackUp, "backup")
        self._spin = node.ask(Spin, "spin")
        self._clear = [
            node.create_client(ClearEntireCostmap, f"{name}/clear_entirely_{name}")
            for name in NAMES
        ]

    def run(self, turn: int) -> Generator[None, None, Answer]:
        """Do what is due.

        Args:
            turn: How often it was done before for this goal.
        """
        config = self._config
        yield from self._clear_costmaps()
        allowance = to_duration(ALLOWANCE)
        if turn % 3 == 0:
            return (yield from self._wait.run(Wait.Goal(time=to_duration(config.wait))))
        if turn % 3 == 1:
            back = BackUp.Goal(
                target=Point(x=config.back_up),
                speed=config.back_up_speed,
                time_allowance=allowance,
            )
            return (yield from self._back_up.run(back))
        spin = Spin.Goal(target_yaw=config.spin, time_allowance=allowance)
        return (yield from self._spin.run(spin))

    def _clear_costmaps(self) -> Generator[None, None, None]:
        ready = [client for client in self._clear if client.service_is_ready()]
        asked = [client.call_async(ClearEntireCostmap.Request()) for client in ready]
        deadline = self._node.now() + SERVICE_TIME
        while not all(one.done() for one in asked) and self._node.now() < deadline:
            yield
