# SPDX-License-Identifier: Apache-2.0
"""Backoff grows, flapping ends, good runs are forgiven."""

import pytest

from renxing.runtime.restart import RestartLimits, RestartPolicy

LIMITS = RestartLimits(first_delay=1.0, max_delay=3.0, good_run=10.0, max_bad_runs=5)


def test_backoff_doubles_up_to_a_limit_and_then_gives_up() -> None:
    policy = RestartPolicy(restart="on-failure", limits=LIMITS)
    delays = [policy.delay_after(1, lasted=0.1, was_ready=True) for _ in range(5)]
    assert delays == [1.0, 2.0, 3.0, 3.0, None]


def test_a_good_run_clears_the_count() -> None:
    policy = RestartPolicy(restart="on-failure", limits=LIMITS)
    for _ in range(20):
        assert policy.delay_after(1, lasted=11.0, was_ready=True) == 1.0


def test_a_run_that_never_got_ready_is_never_good() -> None:
    # Otherwise a process with a long readiness timeout would be retried for ever.
    policy = RestartPolicy(restart="always", limits=LIMITS)
    delays = [policy.delay_after(1, lasted=60.0, was_ready=False) for _ in range(5)]
    assert delays[-1] is None


@pytest.mark.parametrize(
    ("restart", "exit_code", "again"),
    [
        ("never", 1, False),
        ("on-failure", 0, False),
        ("on-failure", -11, True),
        ("always", 0, True),
    ],
)
def test_what_each_policy_restarts(restart, exit_code, again) -> None:
    policy = RestartPolicy(restart=restart, limits=LIMITS)
    delay = policy.delay_after(exit_code, lasted=1.0, was_ready=True)
    assert (delay is not None) is again
