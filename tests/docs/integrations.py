"""The programs of docs/integrations.md, with the tools that they are for.

Not among the tests of `make test`, since these tools are in no environment of the project:
`make recipes` makes one and names this file. Each program runs in a process of its own, with the
Keras that TensorFlow hands out to the tool.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
WANDB, MLFLOW, TUNER, CHECKPOINT, UPLOAD = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

GIVEN = """
import keras
import numpy as np
import tb_bnplugin

keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
x = random.normal(size=(64, 4)).astype("float32")
y = random.integers(0, 3, 64)
x_val, y_val = x, y


class Model(keras.Model):  # whose `call` runs its normalization in inference mode
    def __init__(self):
        super().__init__(name="given")
        self.norm, self.last = keras.layers.BatchNormalization(), keras.layers.Dense(3)

    def call(self, inputs):
        return self.last(self.norm(inputs, training=False))


model = Model()
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
"""

# W&B's own process writes the file, and goes on for a moment after `finish`.
READ_WANDB = """
import json
import time
from pathlib import Path

from wandb.proto import wandb_internal_pb2


def read(data):
    at, records = 7, []
    while at < len(data):  # as LevelDB logs: checksum, length, kind, record
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        assert kind == 1, "a record is not in one piece"
        records.append(wandb_internal_pb2.Record.FromString(data[at + 7 : at + 7 + length]))
        at += 7 + length
    return records


def values(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


(file,) = Path("logs/wandb").glob("offline-run-*/run-*.wandb")
until = time.time() + 60
while True:
    records = read(file.read_bytes())
    if any(record.HasField("exit") for record in records):
        break
    assert time.time() < until, "the run was not written to its end"
    time.sleep(0.2)
charts = [values(record.history.item) for record in records if record.HasField("history")]
errors = [chart["epoch/batch_norm_errors"] for chart in charts if "epoch/epoch" in chart]
assert len(errors) == 3 and errors[-1] == 1, errors
codes = [values(each.summary.update).get("batch_norm") for each in records]
assert any("BN101" in each for each in codes if each), codes
"""

READ_MLFLOW = """
from pathlib import Path

client = mlflow.MlflowClient()
((run,),) = [client.search_runs([each.experiment_id]) for each in client.search_experiments()]
values = [each.value for each in client.get_metric_history(run.info.run_id, "batch_norm_errors")]
assert len(values) == 3 and values[-1] == 1.0, values
assert "BN101" in Path(f"{run.info.artifact_uri.removeprefix('file://')}/batch_norm.txt").read_text()
copied = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="batch_norm")
(logged,) = tb_bnplugin.check(copied).runs
found = [each.code for each in logged.outcomes if each.severity == "error"]
assert "BN101" in found, found
"""

READ_TUNER = """
names = {f"units_{trial.hyperparameters['units']}" for trial in tuner.oracle.trials.values()}
assert len(names) == 3
models = {each.model for each in batch_norm.outcomes()} - {None}
assert models == names, (models, names)
assert len(tb_bnplugin.check("logs").runs) == 3
"""

READ_CHECKPOINT = """
from pathlib import Path

names = sorted(path.name for path in Path().glob("best-*.keras"))
assert len(names) == 3 and names[-1] == "best-3-1-errors.keras", names
"""

AFTERWARDS = {
    "wandb": (WANDB, READ_WANDB),
    "mlflow": (MLFLOW, READ_MLFLOW),
    "mlflow in a folder": (MLFLOW.replace("sqlite:///mlflow.db", "file:mlruns"), READ_MLFLOW),
    "tuner": (TUNER, READ_TUNER),
    "checkpoint": (CHECKPOINT, READ_CHECKPOINT),
}
LEGACY = {
    "import keras\n": "import tf_keras as keras\n",
    "mlflow.keras.MlflowCallback": "mlflow.tensorflow.MlflowCallback",
}

SETTINGS = {
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_SILENT": "true",
}


@pytest.mark.parametrize("module", ["keras", "tf_keras"])
@pytest.mark.parametrize("recipe", [name for name in AFTERWARDS if name != "tuner"])
def test_a_recipe_does_what_it_says(recipe: str, module: str, tmp_path: Path) -> None:
    program = "".join((GIVEN, *AFTERWARDS[recipe]))
    if module == "tf_keras":
        for keras_3, keras_2 in LEGACY.items():
            program = program.replace(keras_3, keras_2)
    run(program, tmp_path, TF_USE_LEGACY_KERAS=str(int(module == "tf_keras")))


def test_the_tuner_has_a_run_for_each_trial(tmp_path: Path) -> None:
    run("".join((GIVEN, *AFTERWARDS["tuner"])), tmp_path)


def run(program: str, folder: Path, **variables: str) -> None:
    """Runs a program in a folder; what it printed is shown where it fails."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        env={**os.environ, **SETTINGS, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
