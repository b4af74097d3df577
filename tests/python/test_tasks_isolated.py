# SPDX-License-Identifier: BSD-3-Clause
"""Exit, fork and signals: scripts of tests/isolated, each case in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "isolated"

EXIT = {
    "queued_work_finishes": ["0", "1", "2", "3", "4"],
    "queued_work_finishes_after_shutdown_without_wait": ["0", "1", "2"],
    "cancelled_at_shutdown": ["True"],
    "submit_at_exit": [
        "cannot schedule new futures after shutdown",
        "cannot schedule new futures after interpreter shutdown",
    ],
    "pool_made_at_exit": ["True"],
    "a_task_submits_at_exit": ["cannot schedule new futures after interpreter shutdown"],
    "dropped_executor_runs_its_work": ["20 False"],
    "pool_does_not_delay_the_exit": ["leaving"],
    "closed_pool_is_not_waited_for": ["leaving"],
    "idle_pools_of_all_kinds": ["leaving"],
    "daemon_threads_wait_for_results": ["leaving"],
}
FORK = {
    "pools_work_in_the_child": ["0 0 0"],
    "the_parents_tasks_do_not_hang_the_child": ["0 True 0 [0, 1, 2] 1"],
    "the_child_exits_normally": ["0"],
    "fork_in_a_task": ["0 0"],
    "multiprocessing_in_a_task": ["[0, 0, 0, 0]"],
    "iterating_while_forking": ["[0, 0, 0, 0, 0]"],
    "iterator_of_the_parents_goes_on_in_the_child": ["0 2 2"],
}
SIGNALS = {
    "a_waiting_main_thread": ["True"],
    "a_signal_whose_handler_returns": ["late"],
    "in_a_task_it_is_a_result": ["KeyboardInterrupt", "KeyboardInterrupt", "SystemExit", "0 0"],
    "busy_workers_do_not_starve_the_main_thread": ["True"],
    "interrupt_main_from_a_task": ["interrupted"],
}


def run(script, case):
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", SCRIPTS / script, case],
        capture_output=True,
        text=True,
        timeout=250,  # tasks that nothing may wait for sleep for 1000 s
    )


@pytest.mark.parametrize("case", EXIT)
def test_exit(case):
    result = run("tasks_exit.py", case)
    assert result.stderr == "" or "ResourceWarning" in result.stderr
    assert result.stdout.splitlines() == EXIT[case]
    assert result.returncode == 0


def test_exit_with_an_exception():
    result = run("tasks_exit.py", "uncaught_exception")
    assert result.stdout == "done\n" and "ValueError: main failed" in result.stderr
    assert result.returncode == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("case", FORK)
def test_fork(case):
    result = run("tasks_fork.py", case)
    assert result.stdout.splitlines() == FORK[case], result.stderr
    assert result.returncode == 0


@pytest.mark.parametrize("case", SIGNALS)
def test_signals(case):
    result = run("tasks_signals.py", case)
    assert result.stdout.splitlines() == SIGNALS[case], result.stderr
    assert result.returncode == 0
