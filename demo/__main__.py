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
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from demo import batch_norm_modes, loss_reduction, report

EPOCHS = 17  # validation recovers near epoch 14 with momentum 0.99


def main() -> int:
    """Entry point of `python -m demo`."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--logdir", type=Path, default=Path("logs/demo"))
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the long runs of D1")
    parser.add_argument("--only", choices=("D1", "D3"), help="run one scenario")
    parser.add_argument("--no-serve", action="store_true", help="stop before TensorBoard")
    parser.add_argument("--port", type=int, default=6006)
    options = parser.parse_args()
    serve = not options.no_serve and os.environ.get("SERVE", "1") != "0"

    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"  [{time.monotonic() - started:4.0f} s] {text}", flush=True)

    logdir: Path = options.logdir
    if options.only in (None, "D1"):
        shutil.rmtree(logdir / "D1", ignore_errors=True)
        print("D1  Batch normalization in five programs that look alike", flush=True)
        epochs = batch_norm_modes.run(logdir / "D1", options.epochs, tell)
        report.print_epochs(epochs)
        print("\nD1  What tb_bnplugin found")
        report.print_findings(logdir / "D1")
    if options.only in (None, "D3"):
        shutil.rmtree(logdir / "D3", ignore_errors=True)
        print("\nD3  One loss, summed or averaged", flush=True)
        table = loss_reduction.run(logdir / "D3", tell)
        report.print_table(table)
        print("\nD3  What tb_bnplugin found")
        report.print_findings(logdir / "D3")

    print(f"\nThe log is in {logdir}. The same findings, for CI: tb-bnplugin check {logdir}")
    if serve:
        return serve_tensorboard(logdir, options.port)
    return 0


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
