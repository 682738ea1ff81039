"""Runs the scenarios, prints what each account shows, and serves TensorBoard on the tab."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from demo import (
    batch_norm_modes,
    head_alone,
    leaking_evaluation,
    loss_reduction,
    mode_override,
    replicas,
    report,
    twins,
)

EPOCHS = 17  # validation recovers near epoch 14 with momentum 0.99


SCENARIOS: Mapping[str, str] = {
    "D1": "Batch normalization in six programs that look alike",
    "D2": "A new head on a pretrained base, and fine-tuning",
    "D3": "One loss, summed or averaged",
    "D4": "A sequential and a functional twin, and what else may differ",
    "D5": "An evaluation that trains",
    "D6": "Two replicas",
}


def main() -> int:
    """Entry point of `python -m demo`."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--logdir", type=Path, default=Path("logs/demo"))
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the long runs of D1")
    parser.add_argument(
        "--blocks",
        type=int,
        choices=range(1, batch_norm_modes.BLOCKS + 1),
        default=batch_norm_modes.BLOCKS,
        metavar="N",
        help="of the MobileNetV2 of D1, up to 16",
    )
    parser.add_argument("--only", choices=SCENARIOS, nargs="+", help="run these scenarios")
    parser.add_argument("--no-serve", action="store_true", help="stop before TensorBoard")
    parser.add_argument("--port", type=int, default=6006)
    options = parser.parse_args()
    serve = not options.no_serve and os.environ.get("SERVE", "1") != "0"

    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"  [{time.monotonic() - started:4.0f} s] {text}", flush=True)

    if not options.only or "D6" in options.only:
        replicas.divide_processor()
    logdir: Path = options.logdir
    for name, title in SCENARIOS.items():
        if options.only and name not in options.only:
            continue
        shutil.rmtree(logdir / name, ignore_errors=True)
        print(f"\n{name}  {title}", flush=True)
        run_scenario(name, logdir / name, tell, options)
        print(f"\n{name}  What tb_bnplugin found")
        report.print_findings(logdir / name)

    print(f"\nThe log is in {logdir}. The same findings, for CI: tb-bnplugin check {logdir}")
    if serve:
        return serve_tensorboard(logdir, options.port)
    return 0


def run_scenario(
    name: str, logdir: Path, tell: Callable[[str], None], options: argparse.Namespace
) -> None:
    """Runs one scenario and prints its table or curve."""
    if name == "D1":
        rows = batch_norm_modes.run(logdir, options.epochs, tell, options.blocks)
        report.print_epochs(rows)
    elif name == "D3":
        report.print_table(loss_reduction.run(logdir, tell))
    else:
        questions: Mapping[str, tuple[ModuleType, ...]] = {
            "D2": (head_alone, mode_override),
            "D4": (twins,),
            "D5": (leaking_evaluation,),
            "D6": (replicas,),
        }
        for scenario in questions[name]:
            for question, rows in scenario.run(logdir, tell).items():
                print(f"\n  {question}", end="")
                report.print_rows(rows)


def serve_tensorboard(logdir: Path, port: int) -> int:
    """Runs TensorBoard until it is interrupted; takes another port where this one is in use."""
    with contextlib.closing(socket.socket()) as probe:
        if probe.connect_ex(("localhost", port)) == 0:
            port = 0
            with contextlib.closing(socket.socket()) as free:
                free.bind(("localhost", 0))
                port = int(free.getsockname()[1])
    print(f"\nOpen  http://localhost:{port}/#batch_norm   (Ctrl+C stops)\n", flush=True)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)]
    try:
        return subprocess.call([*command, "--port", str(port)])
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
