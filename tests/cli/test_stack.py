# SPDX-License-Identifier: Apache-2.0
"""up, down and status with small real processes, and what may go wrong with them."""

import json
import signal
import sys
import time

import psutil


def running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def family_of(shell) -> int:
    return next(int(n.partition("child=")[2]) for n in shell.notes() if "child=" in n)


def test_detached_stack_from_start_to_end(shell) -> None:
    table = shell.table(a=["--family"], b=[])
    up = shell.run("up", "--table", table, "--detach", "speed:=2")
    assert up.returncode == 0, up.stderr
    assert "renxing down" in up.stdout

    status = shell.run("status")
    assert status.returncode == 0
    assert "ready" in status.stdout
    document = json.loads(shell.run("status", "--json").stdout)
    stack = document["stacks"][0]
    assert document["running"] is True
    assert stack["arguments"] == {"speed": "2"}
    assert {p["state"] for p in stack["processes"].values()} == {"ready"}
    assert stack["processes"]["a"]["memory_mib"] > 0

    second = shell.run("up", "--table", table)
    assert second.returncode == 2
    assert str(stack["pid"]) in second.stderr
    assert "renxing down" in second.stderr

    down = shell.run("down")
    assert down.returncode == 0, down.stderr
    assert {"a SIGINT", "a end", "b SIGINT", "b end"} <= set(shell.notes())
    shell.wait(lambda: not running(family_of(shell)))
    logs = shell.folder / "log" / "latest"
    assert (logs / "a.log").read_text().endswith("this is a\n")

    after = shell.run("status")
    assert after.returncode == 3
    assert "exit code 0" in after.stderr
    assert shell.run("down").returncode == 3


def test_ctrl_c_stops_in_order_and_the_exit_code_is_zero(shell) -> None:
    up = shell.start("up", "--table", shell.table(a=[]))
    shell.wait(lambda: "a start" in shell.notes())
    up.send_signal(signal.SIGINT)
    output, _ = up.communicate(timeout=60)
    assert up.returncode == 0, output
    assert shell.notes()[-2:] == ["a SIGINT", "a end"]
    assert "a       | this is a" in output
    assert "SIGINT, stopping in order" in output
    assert "\x1b[" not in output


def test_more_ctrl_c_is_quicker_than_patience(shell) -> None:
    up = shell.start("up", "--table", shell.table(mule=["--stubborn", "--family"]))
    shell.wait(lambda: any("child=" in note for note in shell.notes()))
    for word in ("mule SIGINT", "mule SIGTERM"):
        up.send_signal(signal.SIGINT)
        shell.wait(lambda word=word: word in shell.notes())
    up.send_signal(signal.SIGTERM)
    output, _ = up.communicate(timeout=60)
    assert up.returncode == 0
    assert "mule: did not end when asked, killed" in output
    shell.wait(lambda: not running(family_of(shell)))


def test_nothing_survives_a_killed_supervisor(shell) -> None:
    table = shell.table(mule=["--stubborn", "--family"], b=[])
    up = shell.run("up", "--table", table, "--detach")
    assert up.returncode == 0, up.stderr
    stack = json.loads(shell.run("status", "--json").stdout)["stacks"][0]
    pids = [p["pid"] for p in stack["processes"].values()] + [family_of(shell)]
    assert all(map(running, pids))
    psutil.Process(stack["pid"]).kill()
    shell.wait(lambda: not any(map(running, pids)))
    assert shell.run("status").returncode == 3
    # And nothing of it is in the way of the next one.
    assert shell.run("up", "--table", shell.table(b=[]), "--detach").returncode == 0
    assert shell.run("down").returncode == 0


def test_flapping_ends_with_an_error_and_status_says_why(shell) -> None:
    table = shell.table(good=[], bad=["--exit", "3"])
    # A start that fails at once would else be tried for some seconds.
    text = open(table).read().replace("restart: on-failure", "restart: never")
    open(table, "w").write(text)
    up = shell.start("up", "--table", table)
    output, _ = up.communicate(timeout=60)
    assert up.returncode == 1, output
    assert "bad: failed: ended with exit code 3" in output
    assert shell.notes()[-1] == "good end"
    assert "bad: ended with exit code 3" in shell.run("status").stderr


def test_detach_tells_of_a_failed_start(shell) -> None:
    table = shell.table(bad=["--silent", "--exit", "3"])
    text = open(table).read().replace("restart: on-failure", "restart: never")
    open(table, "w").write(text)
    up = shell.run("up", "--table", table, "--detach")
    assert up.returncode == 2
    assert "exit code 1" in up.stderr
    assert "logs:" in up.stderr


def test_stacks_of_two_namespaces_side_by_side(shell) -> None:
    table = shell.table(a=[])
    for name in ("one", "two"):
        up = shell.run("up", "--table", table, "--detach", f"namespace:={name}")
        assert up.returncode == 0, up.stderr
    document = json.loads(shell.run("status", "--json").stdout)
    assert [stack["namespace"] for stack in document["stacks"]] == ["one", "two"]
    wrong = shell.run("down")
    assert wrong.returncode == 3
    assert "/one, /two" in wrong.stderr
    for name in ("one", "two"):
        assert shell.run("down", "--namespace", name).returncode == 0


def test_a_reader_that_goes_away_does_not_stop_the_stack(shell) -> None:
    up = shell.start("up", "--table", shell.table(a=[]))
    assert up.stdout
    up.stdout.close()
    shell.wait(lambda: "a start" in shell.notes())
    time.sleep(0.2)
    assert shell.run("status").returncode == 0
    assert shell.run("down").returncode == 0
    assert up.wait(timeout=60) == 0
    up.stdout = None


def test_demo_stops_by_itself_and_tells_whether_all_was_well(shell) -> None:
    good = shell.run("demo", "--table", shell.table(a=[]), "--seconds", "0.2")
    assert good.returncode == 0, good.stderr
    assert "The robot is running." in good.stdout
    shell.notes_file.unlink()
    table = shell.table(a=["--exit-once", "3"])
    restarted = shell.run("demo", "--table", table, "--seconds", "0.2")
    assert restarted.returncode == 1


def test_the_hosted_nodes_get_their_parameters_and_namespace(shell, tmp_path) -> None:
    from renxing.runtime.bringup import ProcessSpec
    from renxing.runtime.stack import command_of

    spec = ProcessSpec(
        name="pair",
        executable="host",
        nodes=("a", "b"),
        parameters={"a": {"x": 1}, "b": {}},
        namespace="lab",
    )
    assert command_of(spec, tmp_path) == [
        sys.executable,
        *["-m", "renxing.nodes.host", "a", "b", "--ros-args"],
        *["--params-file", str(tmp_path / "pair.params.yaml")],
        *["-r", "__ns:=/lab"],
    ]
