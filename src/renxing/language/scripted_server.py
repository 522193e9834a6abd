# SPDX-License-Identifier: Apache-2.0
"""A language server that follows a script, for tests and continuous integration.

It speaks as much of OpenAI's interface as the client needs. Some scripts are good, the
others do what servers and models do on bad days: lie, stall, drip, obey an injection.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# A script gets the request and the number of those before it. It returns the content of
# the reply, or does something worse to the connection itself.
Script = Callable[["Exchange"], None]


class Exchange:
    """One request and the connection to answer it on.

    Attributes:
        request: As JSON.
        number: Of requests before it.
    """

    def __init__(
        self, handler: BaseHTTPRequestHandler, request: dict[str, Any], number: int
    ) -> None:
        self._handler = handler
        self.request = request
        self.number = number

    @property
    def command(self) -> str:
        """The command that the prompt asks about."""
        users = [m for m in self.request["messages"] if m["role"] == "user"]
        asked = [m["content"] for m in users if '"command"' in m["content"]]
        last = asked[-1] if asked else "{}"
        return str(json.loads(last[last.rindex('{"command"') :]).get("command", ""))

    @property
    def authorization(self) -> str:
        """The header with the key."""
        return str(self._handler.headers.get("Authorization", ""))

    @property
    def kind(self) -> str:
        """The kind of structured output that is asked for."""
        wanted = self.request.get("response_format") or {"type": "text"}
        return str(wanted["type"])

    def reply(self, content: str) -> None:
        """Answer well."""
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        body = {
            "id": "scripted",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [choice],
        }
        self.send(200, json.dumps(body).encode())

    def send(self, status: int, body: bytes) -> None:
        """Answer with a status and any bytes."""
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def drip(self, part: bytes, seconds: float, limit: int) -> None:
        """Answer with one part after another and no end in sight.

        Args:
            part: Of the body.
            seconds: Between two parts [s].
            limit: Number of parts after which even this ends.
        """
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.end_headers()
        for _ in range(limit):
            self._handler.wfile.write(part)
            self._handler.wfile.flush()
            if seconds > 0.0:
                time.sleep(seconds)


def says(reply: dict[str, Any] | str) -> Script:
    """Return a script that always answers the same."""
    text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
    return lambda exchange: exchange.reply(text)


def answers(read: Callable[[str], dict[str, Any]]) -> Script:
    """Return a script that answers each command with what a function makes of it."""
    return lambda exchange: exchange.reply(
        json.dumps(read(exchange.command), ensure_ascii=False)
    )


def stalls(seconds: float) -> Script:
    """Return a script that takes its time [s]."""

    def script(exchange: Exchange) -> None:
        time.sleep(seconds)
        exchange.reply("{}")

    return script


def fails(status: int, times: int, then: Script) -> Script:
    """Return a script that answers some requests with a status, and then well."""

    def script(exchange: Exchange) -> None:
        if exchange.number < times:
            exchange.send(status, b'{"error": {"message": "scripted"}}')
        else:
            then(exchange)

    return script


def knows_no(kinds: tuple[str, ...], then: Script) -> Script:
    """Return a script that refuses some kinds of structured output."""

    def script(exchange: Exchange) -> None:
        if exchange.kind in kinds:
            exchange.send(400, b'{"error": {"message": "response_format"}}')
        else:
            then(exchange)

    return script


# Bad days. The lie tells what nobody measured; the obedient one does what a sign said.
LIES: dict[str, Any] = {
    "tasks": [
        {"do": "look", "thing": "red crate"},
        {"do": "say", "text": "There is a golden crown on the crate."},
    ]
}
OBEYS: dict[str, Any] = {"tasks": [{"do": "go", "thing": "stairs"}]}
STRAYS: dict[str, Any] = {"tasks": [{"do": "go", "thing": "door"}, {"do": "wave"}]}
SPEEDS: dict[str, Any] = {"tasks": [{"do": "go", "thing": "shelf", "speed": 4.0}]}
REFUSES: dict[str, Any] = {"refusal": "I would rather not."}
GARBAGE = "Sure! Here is your plan: walk, then {walk} some more"
UNKNOWN_SKILL: dict[str, Any] = {"tasks": [{"do": "shell", "text": "rm -rf /"}]}


@contextmanager
def serve(script: Script) -> Iterator[str]:
    """Serve a script on a free port of this machine, for as long as the context is.

    Yields:
        The base URL for clients.
    """
    lock = threading.Lock()
    count = 0

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 (the base class calls it so)
            """Answer by the script."""
            nonlocal count
            length = int(self.headers.get("Content-Length", "0"))
            request = json.loads(self.rfile.read(length))
            with lock:
                number, count = count, count + 1
            try:
                script(Exchange(self, request, number))
            except (BrokenPipeError, ConnectionResetError):
                # The client had enough, as it should.
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)
