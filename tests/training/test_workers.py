"""Jobs of worker processes that talk over the loopback, on both flavours."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

import tb_bnplugin
from tests.conftest import ROOT, Flavour
from tests.support.forked import start
from tests.support.logs import read
from tests.training.worker_program import KILLED_AT, STEPS

SECONDS = 120  # a deadlock takes longer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * SECONDS)]


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def run_job(folder: Path, flavour: Flavour, who: str, *, workers: int = 2) -> list[tuple[int, str]]:
    """Exit status and output of each worker; those that wait for a dead one are killed."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(workers)]
    legacy = str(int(flavour.name == "tf_keras"))
    logs = folder / "logs"
    logs.mkdir()
    started = []
    for index in range(workers):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        variables = {"TF_CONFIG": json.dumps(config), "TF_USE_LEGACY_KERAS": legacy}
        output = folder / f"printed_{index}"
        program = "tests.training.worker_program"
        started.append(
            start(program, str(logs), who, output=output, folder=ROOT, variables=variables)
        )
    try:
        dead = False
        for worker in reversed(started):  # the last is the one that dies
            if not worker.ended(15 if dead else SECONDS):
                assert dead, worker.printed()
                worker.process.kill()
                assert worker.ended()
            dead = dead or worker.status < 0
    finally:
        for worker in started:
            worker.process.kill()
            worker.process.join()
    return [(worker.status, worker.printed()) for worker in started]


@pytest.mark.parametrize("workers", [2, 3])
def test_each_worker_has_a_run_of_its_own(flavour: Flavour, tmp_path: Path, workers: int) -> None:
    for status, out in run_job(tmp_path, flavour, "all", workers=workers):
        assert status == 0, out
    runs = read(tmp_path / "logs")
    assert sorted(runs) == [f"worker_{index}" for index in range(workers)]
    means = []
    for run in runs.values():
        (model,) = run.models
        assert model.facts.replicas == workers
        assert model.steps.tolist() == list(range(1, STEPS + 1))
        assert model.layer("training_tape")[:, 0].tolist() == list(range(1, STEPS + 1))
        means.append(model.layer("moving_mean")[-1, 0])
    assert len(set(means)) == workers  # each worker's own statistics, of its own data
    outcomes = [out for run in tb_bnplugin.check(str(tmp_path / "logs")) for out in run.outcomes]
    assert {out.status for out in outcomes if out.code == "BN206"} == {"not_checked"}


def test_only_the_chief_records_and_nobody_waits(flavour: Flavour, tmp_path: Path) -> None:
    for status, out in run_job(tmp_path, flavour, "chief"):
        assert status == 0, out
    (run,) = read(tmp_path / "logs").values()
    assert run.models[0].steps.tolist() == list(range(1, STEPS + 1))


def test_a_worker_killed_in_the_middle_leaves_its_log(flavour: Flavour, tmp_path: Path) -> None:
    *_, (status, out) = run_job(tmp_path, flavour, "die")
    assert status == -9, out
    runs = read(tmp_path / "logs")
    assert runs["worker_1"].models[0].steps.tolist() == list(range(1, KILLED_AT + 1))
    survivor = runs["worker_0"].models[0].steps.tolist()
    assert survivor[:KILLED_AT] == list(range(1, KILLED_AT + 1))
