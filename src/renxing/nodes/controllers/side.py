# SPDX-License-Identifier: Apache-2.0
"""What the ROS halves of all controllers share.

The real-time half lives in another process. `send` puts plain values into its inbox,
`on_news` gets what came out of its outbox, some cycles at a time.
"""

import inspect
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future

from renxing.control.base_controller import Notice
from renxing.control.controller_parameters import Parameters
from renxing.nodes import convert
from renxing.robot import Robot

DEFAULT_QOS = QoSProfile(depth=10)  # SystemDefaultsQoS of ros2_controllers
ANSWER_TIME = 1.0  # [s] the control loop may take to answer a question
SAME_CLOCK = 1.0  # [s] less than that apart, loop and ROS have the same clock
DISORDER = 0.1  # [s] values may come out of order by that much
WINDOW = 1.0  # [s] after which an old difference of the clocks is forgotten


class LoopClock:
    """Turns times on the control loop's clock into ROS time and back.

    Of a value that knows when its cycle was due the difference is known. Of another
    one it is the least that was seen lately between its stamp and its arrival: the rest
    is transport.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Take the two clocks for one, until told otherwise.

        Args:
            now: Returns ROS time [s].
        """
        self._now = now
        self._least = self._recent = math.inf
        self._since = -math.inf
        self._difference = math.inf

    def observe(self, stamp: float, due: int | None = None) -> None:
        """Learn from a value that has just come.

        Args:
            stamp: Its time on the loop's clock [s].
            due: When its cycle was due, CLOCK_MONOTONIC [ns], if known.
        """
        if due is None:
            self._difference = self._least_of(stamp, self._now() - stamp)
        else:
            # In this order an interruption between the two makes it greater, and the
            # least is right.
            before = time.monotonic()
            ahead = self._least_of(stamp, self._now() - before)
            self._difference = ahead + 1e-9 * due - stamp

    def _least_of(self, stamp: float, seen: float) -> float:
        """Return the least of what was seen in the last window or two."""
        if not 0.0 <= stamp - self._since < WINDOW:
            # Time that was set back makes the old difference wrong at once.
            went_on = stamp > self._since - DISORDER
            self._least = self._recent if went_on else math.inf
            self._recent = math.inf
            self._since = stamp
        self._recent = min(self._recent, seen)
        return min(self._least, self._recent)

    @property
    def difference(self) -> float:
        """ROS time minus loop time [s]."""
        found = self._difference
        return found if SAME_CLOCK <= abs(found) < math.inf else 0.0

    def to_ros(self, stamp: float) -> Any:
        """Return a loop time [s] as a message."""
        return convert.to_time(stamp + self.difference)

    def to_loop(self, seconds: float) -> float:
        """Return a ROS time [s] on the loop's clock [s]."""
        return seconds - self.difference


class RosSide:
    """Base of the ROS halves.

    Attributes:
        node: Carries the topics.
        name: Of the controller; `~/` of its topics.
        parameters: Of the controller.
        robot: The robot.
        send: Puts a value into the controller's inbox.
        active: Whether the controller is.
        clock: For stamps.
    """

    latest: tuple[type, ...] = ()  # news of which only the newest counts

    def __init__(
        self,
        node: Node,
        name: str,
        parameters: Mapping[str, Any],
        robot: Robot,
        send: Callable[[Any], None],
    ) -> None:
        """Join the graph.

        Args:
            node: That carries the topics.
            name: Of the controller.
            parameters: Of the controller, nested as in YAML.
            robot: The robot.
            send: Puts a value into the controller's inbox.

        Raises:
            ConfigError: If a parameter cannot be used.
        """
        self.node = node
        self.name = name
        self.parameters = Parameters(name, parameters)
        self.robot = robot
        self.send = send
        self.active = False
        self.clock = LoopClock(self.now)
        self._made: list[Callable[[], Any]] = []
        self._questions: dict[int, tuple[Any, float]] = {}
        self._asked = 0
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._log = node.get_logger()
        self.connect()

    # --- for subclasses -------------------------------------------------------------

    def connect(self) -> None:
        """Create topics, services and actions."""

    def on_value(self, value: Any) -> None:
        """Take one value from the loop."""

    @property
    def places_base(self) -> bool:
        """Whether it publishes odom -> base now."""
        return False

    def now(self) -> float:
        """Return ROS time [s]."""
        return float(self.node.get_clock().now().nanoseconds * 1e-9)

    def log(self, level: str, text: str) -> None:
        """Log at `info`, `warning` or `error`."""
        if level == "error":
            self._log.error(text)
        elif level == "warning":
            self._log.warning(text)
        else:
            self._log.info(text)

    def refuse(self, text: str) -> None:
        """Log that a message was not taken, at most once a second."""
        self._log.error(f"{self.name}: {text}", throttle_duration_sec=1.0)

    def publisher(self, kind: type, topic: str, qos: QoSProfile = DEFAULT_QOS) -> Any:
        """Return a publisher; `~/` in front of the topic is the controller's name."""
        made = self.node.create_publisher(kind, self._full(topic), qos)
        self._made.append(lambda: self.node.destroy_publisher(made))
        return made

    def subscribe(
        self,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile = DEFAULT_QOS,
        always: bool = False,
    ) -> None:
        """Subscribe; unless `always`, only while the controller is active."""

        def on_message(message: Any) -> None:
            if self.active or always:
                callback(message)

        made = self.node.create_subscription(kind, self._full(topic), on_message, qos)
        self._made.append(lambda: self.node.destroy_subscription(made))

    def serve(self, kind: type, service: str, callback: Callable[..., Any]) -> None:
        """Offer a service; the callback may be a coroutine."""
        made = self.node.create_service(kind, self._full(service), callback)
        send = made.send_response

        def send_later(response: Any, header: Any) -> None:
            # The events executor of Jazzy does not await callbacks.
            if not inspect.iscoroutine(response):
                send(response, header)
                return

            async def finish() -> None:
                send(await response, header)

            self.node.executor.create_task(finish)

        made.send_response = send_later
        self._made.append(lambda: self.node.destroy_service(made))

    def owns(self, destroy: Callable[[], Any]) -> None:
        """Have something else destroyed with the rest."""
        self._made.append(destroy)

    def _full(self, name: str) -> str:
        return f"{self.name}/{name[2:]}" if name.startswith("~/") else name

    # --- questions to the loop ------------------------------------------------------

    def ask(self, question: Callable[[int], Any]) -> Any:
        """Send a question and return the future of its answer; None if none comes.

        Args:
            question: Makes the value from the number that the answer will bear.
        """
        if not self._questions and self._asked == 0:
            timer = self.node.create_timer(
                0.25 * ANSWER_TIME, self._give_up, clock=self._steady
            )
            self._made.append(lambda: self.node.destroy_timer(timer))
        self._asked += 1
        future: Any = Future(executor=self.node.executor)
        now = self._steady.now().nanoseconds * 1e-9
        self._questions[self._asked] = (future, now + ANSWER_TIME)
        self.send(question(self._asked))
        return future

    def answer(self, number: int, answer: Any) -> None:
        """Pass an answer on to who asked."""
        future, _ = self._questions.pop(number, (None, 0.0))
        if future is not None:
            future.set_result(answer)

    def _give_up(self) -> None:
        now = self._steady.now().nanoseconds * 1e-9
        for number in [n for n, (_, end) in self._questions.items() if now > end]:
            self.answer(number, None)

    # --- for the controller manager ---------------------------------------------------

    def on_news(self, values: Sequence[Any]) -> None:
        """Take what came out of the outbox, oldest first."""
        newest = {type(value): value for value in values}
        for value in values:
            if isinstance(value, Notice):
                self.log(value.level, value.text)
            elif not isinstance(value, self.latest) or newest[type(value)] is value:
                stamp = getattr(value, "stamp", None)
                if stamp is not None:
                    self.clock.observe(stamp)
                self.on_value(value)

    def activate(self) -> None:
        """The controller has become active."""
        self.active = True

    def deactivate(self) -> None:
        """The controller is no longer active."""
        self.active = False
        for number in list(self._questions):
            self.answer(number, None)

    def destroy(self) -> None:
        """Leave the graph."""
        if self.active:
            self.deactivate()
        while self._made:
            self._made.pop()()
