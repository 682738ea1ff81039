"""Jobs of two worker processes that talk over the loopback, on both flavours."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import tb_bnplugin
from tests.conftest import ROOT, Flavour
from tests.support.logs import read
from tests.training.worker_program import KILLED_AT, STEPS

WORKERS = 2
SECONDS = 120  # a deadlock takes longer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * SECONDS)]


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def run_job(folder: Path, flavour: Flavour, who: str) -> list[tuple[int, str]]:
    """Exit status and output of each worker; those that wait for a dead one are killed."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(WORKERS)]
    workers = []
    for index in range(WORKERS):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {
            **os.environ,
            "TF_CONFIG": json.dumps(config),
            "TF_USE_LEGACY_KERAS": str(int(flavour.name == "tf_keras")),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "tests.training.worker_program", str(folder), who]
        workers.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    ended: list[tuple[int, str]] = []
    try:
        for worker in reversed(workers):  # the last is the one that dies
            dead = any(status < 0 for status, _ in ended)
            try:
                out, _ = worker.communicate(timeout=15 if dead else SECONDS)
            except subprocess.TimeoutExpired:
                if not dead:
                    raise
                worker.kill()
                out, _ = worker.communicate()
            ended.append((worker.returncode, out))
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return ended[::-1]


def test_each_worker_has_a_run_of_its_own(flavour: Flavour, tmp_path: Path) -> None:
    for status, out in run_job(tmp_path, flavour, "all"):
        assert status == 0, out
    runs = read(tmp_path)
    assert sorted(runs) == ["worker_0", "worker_1"]
    means = []
    for run in runs.values():
        (model,) = run.models
        assert model.facts.replicas == WORKERS
        assert model.steps.tolist() == list(range(1, STEPS + 1))
        assert model.layer("training_tape")[:, 0].tolist() == list(range(1, STEPS + 1))
        means.append(model.layer("moving_mean")[-1, 0])
    assert means[0] != means[1]  # each worker's own statistics, of its own data
    outcomes = [out for run in tb_bnplugin.check(str(tmp_path)) for out in run.outcomes]
    assert {out.status for out in outcomes if out.code == "BN206"} == {"not_checked"}


def test_only_the_chief_records_and_nobody_waits(flavour: Flavour, tmp_path: Path) -> None:
    for status, out in run_job(tmp_path, flavour, "chief"):
        assert status == 0, out
    (run,) = read(tmp_path).values()
    assert run.models[0].steps.tolist() == list(range(1, STEPS + 1))


def test_a_worker_killed_in_the_middle_leaves_its_log(flavour: Flavour, tmp_path: Path) -> None:
    *_, (status, out) = run_job(tmp_path, flavour, "die")
    assert status == -9, out
    runs = read(tmp_path)
    assert runs["worker_1"].models[0].steps.tolist() == list(range(1, KILLED_AT + 1))
    survivor = runs["worker_0"].models[0].steps.tolist()
    assert survivor[:KILLED_AT] == list(range(1, KILLED_AT + 1))
