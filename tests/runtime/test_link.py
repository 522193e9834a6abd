# SPDX-License-Identifier: Apache-2.0
"""The line to the core: answers, errors, news, and ends that go away."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from renxing.errors import ConfigError, DeviceError
from renxing.runtime.link import LinkClient, LinkServer


def handle(method, arguments):
    if method == "add":
        return sum(arguments)
    if method == "refuse":
        raise ConfigError("joint 'x': not here")
    if method == "sleep":
        time.sleep(arguments[0])
        return "slept"
    raise ZeroDivisionError("a bug")


@pytest.fixture
def server(tmp_path):
    news = []
    server = LinkServer(tmp_path / "core", handle, lambda: news.pop() if news else None)
    server.news = news
    server.start()
    yield server
    server.close()


def path_of(server):
    return server._path


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_calls_are_answered_and_errors_come_as_themselves(server):
    client = LinkClient(path_of(server))
    assert client.call("add", 1, 2) == 3
    array = client.call("add", np.ones(3), 1.0)
    np.testing.assert_array_equal(array, 2.0)
    with pytest.raises(ConfigError, match="joint 'x'"):
        client.call("refuse")
    with pytest.raises(DeviceError, match="ZeroDivisionError"):
        client.call("bug")
    client.close()


def test_a_line_that_is_closed_takes_nothing_from_the_next(server):
    # Its reader gone before its descriptor is: the next line has the same number.
    for number in range(300):
        client = LinkClient(path_of(server))
        assert client.call("add", number, 1, timeout=20.0) == number + 1
        client.close()
        assert not client._thread.is_alive()
        client.close()


def test_many_threads_share_a_client_and_get_their_own_answers(server):
    client = LinkClient(path_of(server))
    wrong = []

    def ask(start):
        for i in range(100):
            if client.call("add", start, i) != start + i:
                wrong.append((start, i))

    threads = [threading.Thread(target=ask, args=(1000 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    client.close()


def test_news_reach_every_client(server):
    heard = {name: [] for name in "ab"}
    clients = [LinkClient(path_of(server), on_news=heard[n].append) for n in heard]
    for client in clients:
        client.call("add")
    server.news.append("hello")
    wait_for(lambda: heard == {"a": ["hello"], "b": ["hello"]})
    for client in clients:
        client.close()


def test_a_client_that_is_killed_leaves_the_others_served(server):
    code = (
        "import sys; from pathlib import Path; from renxing.runtime.link import *\n"
        "c = LinkClient(Path(sys.argv[1])); c.call('add')\n"
        "print('up', flush=True); c.call('sleep', 60.0, timeout=60)"
    )
    client = LinkClient(path_of(server))
    victim = subprocess.Popen(
        [sys.executable, "-c", code.replace("60.0, ", "0.2, "), str(path_of(server))],
        stdout=subprocess.PIPE,
    )
    assert victim.stdout.readline() == b"up\n"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    assert client.call("add", 4, 5) == 9
    client.close()


def test_a_client_that_does_not_listen_is_cut_off_and_blocks_nobody(server):
    stuck = threading.Event()
    first = threading.Event()

    def block(_news):
        first.set()
        stuck.wait()

    lost = threading.Event()
    deaf = LinkClient(path_of(server), on_news=block, on_lost=lost.set)
    deaf.call("add")
    client = LinkClient(path_of(server))
    for _ in range(1200):
        server.news.append(b"x" * 20_000)
    wait_for(lambda: not server.news)
    assert client.call("add", 1) == 1
    stuck.set()
    assert lost.wait(10.0)
    client.close()


def test_a_lost_core_is_told_and_waiting_calls_end(tmp_path):
    server = LinkServer(tmp_path / "core", handle, lambda: None)
    server.start()
    lost = threading.Event()
    client = LinkClient(tmp_path / "core", on_lost=lost.set)
    client.call("add")
    server.close()
    assert lost.wait(10.0)
    with pytest.raises(DeviceError):
        client.call("add")


def test_nobody_there(tmp_path):
    with pytest.raises(DeviceError, match="is it running"):
        LinkClient(tmp_path / "core")


def test_only_this_user_can_connect(server):
    assert stat.S_IMODE(os.stat(path_of(server)).st_mode) == 0o600
