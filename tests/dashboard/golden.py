"""The answers of the HTTP API for one fixed history: the page's tests read the same files.

python -m tests.dashboard.golden           writes frontend/tests/golden/*.json
python -m tests.dashboard.golden --check   fails where they are not what Python answers
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tb_bnplugin.dashboard.between import Side as Compared
from tb_bnplugin.dashboard.between import compare_runs
from tb_bnplugin.dashboard.payload.between import comparisons
from tb_bnplugin.dashboard.payload.columns import HEATMAP_COLUMNS, column
from tb_bnplugin.dashboard.payload.comparison import Side, comparison
from tb_bnplugin.dashboard.payload.curve import Curve
from tb_bnplugin.dashboard.payload.layer import layer_payload
from tb_bnplugin.dashboard.payload.overview import create_row, overview
from tb_bnplugin.dashboard.payload.report import report
from tb_bnplugin.dashboard.payload.runs import runs
from tb_bnplugin.dashboard.payload.scalars import scalars
from tb_bnplugin.dashboard.placement import place
from tb_bnplugin.diagnose import diagnose
from tb_bnplugin.history.model import (
    ChannelHistory,
    Floats,
    GradientHistory,
    ModelHistory,
    ProbeLayers,
    Recalibrated,
    Results,
    RunHistory,
    Twinned,
)
from tb_bnplugin.logs.provider import RunListing, ScalarSeries
from tb_bnplugin.schema.facts import Graph, LossFacts, Node, Phase
from tb_bnplugin.schema.recalibrations import (
    LeftLayer,
    MovedLayer,
    RecalibrationFacts,
    ScoreFacts,
)
from tb_bnplugin.schema.records import Metadata
from tb_bnplugin.schema.twin_reports import TwinDifference, TwinFacts, TwinStage
from tests.support.histories import (
    CALL,
    METRIC,
    create_gradient,
    create_history,
    create_loss,
    create_probe,
    create_probe_layers,
)

GOLDEN: Final = Path(__file__).resolve().parents[2] / "frontend" / "tests" / "golden"

STEPS: Final = (*range(1, 51), *range(60, 401, 10))
EPOCH_STEPS: Final = 100
LAYERS: Final = 6


def golden_history() -> ModelHistory:
    """A residual network of six layers: two train, two never do, one is mixed, one is unused."""
    steps = np.array(STEPS, np.float64)
    zero = np.zeros(len(steps))
    evaluations = np.floor(steps / EPOCH_STEPS)
    training = np.stack([steps, steps, zero, zero, steps, zero], axis=1)
    inference = np.stack([zero, zero, steps, steps, steps / 2, zero], axis=1)
    evaluated = np.stack([evaluations] * 5 + [zero], axis=1)
    moved = training > 0
    mean = np.where(moved, 1.0 - 0.99 ** steps[:, None], 0.0)
    variance = np.where(moved, 0.5 + 0.5 * 0.99 ** steps[:, None], 1.0)
    first = np.where(moved, 1.0, np.nan)
    history = create_history(
        steps=STEPS,
        layers=LAYERS,
        columns={
            "training_tape": training,
            "inference_tape": inference,
            "inference_evaluate": evaluated,
            "statistics_changes": training,
            "statistics_first_step": first,
            "statistics_last_step": np.where(moved, steps[:, None], np.nan),
            "training_first_step": first,
            "training_last_step": np.where(moved, steps[:, None], np.nan),
            "inference_first_step": np.where(inference > 0, 1.0, np.nan),
            "inference_last_step": np.where(inference > 0, steps[:, None], np.nan),
            "moving_mean": mean,
            "batch_mean": np.where(moved, 1.0, np.nan),
            "moving_variance": variance,
            "batch_variance": np.where(moved, 0.5, np.nan),
            "mean_gap": np.where(moved, (1.0 - mean) / np.sqrt(0.5), np.nan),
            "variance_gap": np.where(moved, np.log(variance / 0.5), np.nan),
            "variance_min": variance / 2,
            "start_updates": np.where(moved, 250.0, np.nan),
        },
        model={"evaluations": evaluations},
        losses=(create_loss("loss", steps=(100, 200), measured=5.0, doubled=10.0, keras_mean=0.5),),
        probe=create_probe(0.001, 0.5, steps=(100, 200, 300, 400)),
        probe_layers=golden_probe_layers(),
    )
    paths = (
        "stem_bn",
        "block_1/bn",
        "block_1/head_bn",
        "block_2/bn",
        "block_2/mixed_bn",
        "spare_bn",
    )
    facts = replace(
        history.facts,
        name="resnet",
        layers=tuple(
            replace(layer, path=path, channels=4 * (index + 1))
            for index, (layer, path) in enumerate(zip(history.facts.layers, paths, strict=True))
        ),
        graph=Graph(
            nodes=(
                Node(path="input", layer_class="InputLayer", layer=None),
                Node(path="stem_bn", layer_class="BatchNormalization", layer=0),
                Node(path="block_1/conv", layer_class="Conv2D", layer=None),
                Node(path="block_1/bn", layer_class="BatchNormalization", layer=1),
                Node(path="block_1/head_bn", layer_class="BatchNormalization", layer=2),
                Node(path="block_1/add", layer_class="Add", layer=None),
                Node(path="block_2/bn", layer_class="BatchNormalization", layer=3),
                Node(path="block_2/mixed_bn", layer_class="BatchNormalization", layer=4),
                Node(path="block_2/add", layer_class="Add", layer=None),
            ),
            edges=((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 5), (5, 6), (6, 7), (7, 8), (5, 8)),
        ),
    )
    second = Phase(
        number=2,
        step=201,
        wall_time=1200.5,
        reason="compile",
        losses=(
            LossFacts(
                name="loss",
                loss_class="sum_of_squares",
                reduction=None,
                label_shape=(None, 10),
                prediction_shape=(None, 10),
                label_dtype="float32",
                prediction_dtype="float32",
                weighted=False,
            ),
        ),
        metrics=(METRIC,),
    )
    calls = tuple(
        replace(CALL, layer=layer, mode=mode, training_argument=asked, reason=reason)
        for layer, mode, asked, reason in (
            (0, "training", "true", "explicit"),
            (1, "training", "none", "inherited"),
            (2, "inference", "none", "default"),
            (3, "inference", "false", "explicit"),
            (4, "training", "true", "explicit"),
            (4, "inference", "false", "graph"),
        )
    )
    return replace(
        history,
        facts=facts,
        gradients=golden_gradients(),
        phases=(Phase(number=1, step=1, wall_time=1000.0, reason="fit"), second),
        calls=calls,
        epochs=tuple((epoch, EPOCH_STEPS * (epoch + 1)) for epoch in range(4)),
        records_made=400,
        notes=("skipped 1: layers records are no table of numbers of rank 2",),
    )


def golden_recalibrations() -> tuple[Recalibrated, ...]:
    """One that was refused, and one that helped."""
    facts = RecalibrationFacts(
        applied=True,
        reason=None,
        batches=50,
        rows=3200,
        passes=1,
        before=ScoreFacts(loss=2.31, accuracy=0.1),
        after=ScoreFacts(loss=0.42, accuracy=0.87),
        batch=ScoreFacts(loss=0.41, accuracy=0.88),
        moved=2,
        layers=(
            MovedLayer(path="stem_bn", mean_off=3.25, variance_factor=0.04),
            MovedLayer(path="block_1/bn", mean_off=0.125, variance_factor=None),
        ),
        kept=1,
        left=(LeftLayer(path="spare_bn", reason="not called in the passes"),),
    )
    refused = replace(
        facts, applied=False, reason="the loss would go from 0.4 to 0.5", batch=ScoreFacts()
    )
    return (Recalibrated(step=100, facts=refused), Recalibrated(step=400, facts=facts))


def golden_twins() -> tuple[Twinned, ...]:
    """A loop that calls the model in inference mode, and an earlier one that did not."""
    facts = TwinFacts(
        first="fit",
        second="train_step",
        stages=(
            TwinStage(stage="modes", content="the mode of each layer", found=1),
            TwinStage(stage="outputs", content="what the model makes", found=12),
            TwinStage(stage="regularization", content="penalties", found=0, unseen="there is none"),
            TwinStage(stage="loss", content="what is differentiated", found=0),
        ),
        differences=(
            TwinDifference(
                stage="modes", subject="stem_bn", message="stem_bn: training, then inference"
            ),
            TwinDifference(stage="outputs", subject="", message="the outputs differ by 0.5"),
        ),
        notes=("only fit computes accuracy",),
    )
    same = replace(
        facts,
        stages=tuple(replace(stage, found=0, unseen=None) for stage in facts.stages),
        differences=(),
        notes=(),
    )
    return (Twinned(step=100, facts=same), Twinned(step=400, facts=facts))


def golden_probe_layers() -> ProbeLayers:
    """Four probes: the third and fourth layer cause the gap, the last was not called."""
    measured = np.array([1.0, 1.0, 1.0, 1.0, 1.0, np.nan])
    shrinks = np.array([1.0, 0.8, 0.6, 0.4])[:, None]
    gap = np.array([0.01, 0.02, 1.5, 1.25, 0.04, np.nan])
    shift = np.array([0.01, -0.02, 1.25, -0.75, 0.04, np.nan])
    return create_probe_layers(
        steps=(100, 200, 300, 400),
        layers=LAYERS,
        batch_mean=0.75 * measured,
        batch_variance=0.25 * measured,
        mean_gap=shrinks * gap,
        variance_gap=shrinks * np.abs(shift),
        variance_shift=shrinks * shift,
        calls=measured,
        gap_share=np.array([0.0, -0.05, 0.85, 0.2, np.nan, np.nan]),
        gap_share_layers=np.array([1.0, 1.0, 1.0, 1.0, np.nan, np.nan]),
        own_mean_gap=0.9 * shrinks * gap,
        own_variance_shift=0.9 * shrinks * shift,
    )


def golden_gradients() -> tuple[GradientHistory, ...]:
    """The loss is ten times Keras' mean, and reaches the optimizer as it is."""
    at = (100, 200, 300, 400)
    return (
        create_gradient("loss", at=at, factor=10.0, cosine=1.0, steps=1.0, passes=1.0),
        create_gradient(
            "optimizer", at=at, applied_factor=1.0, applied_cosine=1.0, applied_passes=1.0
        ),
    )


def golden_scalars() -> tuple[ScalarSeries, ...]:
    """Scalars of Keras: one series on batches, one on epochs, one of the validation run."""
    batches = np.arange(1, 401, 5)
    epochs = np.arange(4)
    begin = np.float64(1000.0)
    after_epoch: Floats = np.array([1100.0, 1200.0, 1300.0, 1400.0])
    return (
        ScalarSeries(
            run="train",
            tag="batch_loss",
            steps=batches,
            wall_times=begin + batches,
            values=np.where(batches == 101, np.nan, 2.3 * np.exp(-batches / 200)),
        ),
        ScalarSeries(
            run="validation",
            tag="epoch_loss",
            steps=epochs,
            wall_times=after_epoch,
            values=np.array([2.4, 2.6, 2.5, 2.3]),
        ),
        ScalarSeries(
            run="validation",
            tag="epoch_accuracy",
            steps=epochs,
            wall_times=after_epoch,
            values=np.array([0.1, 0.1, 0.1125, 0.4]),
        ),
    )


def golden_channels() -> ChannelHistory:
    """Four channels of the first layer at the end of each epoch."""
    levels = np.arange(4, dtype=np.float32)
    rows = np.stack([levels, 1 + levels, np.ones(4, np.float32), np.full(4, np.nan, np.float32)])
    scale = np.arange(1, 5, dtype=np.float32)[:, None, None]
    return ChannelHistory(
        steps=np.arange(1, 5) * EPOCH_STEPS, values=(rows * scale).astype(np.float32)
    )


def golden_listing(run: str, *models: str) -> RunListing:
    """A run that holds the record of each of its models."""
    tags = {name: Metadata(kind="model", model=name) for name in models}
    return RunListing(run=run, tags=tags, notes=(), newest=(400, 1400.5))


def golden_answers() -> dict[str, dict[str, Any]]:
    """Name of the schema's type and its answer."""
    history = golden_history()
    other = replace(create_history(run="other", losses=(create_loss(),)))
    results = Results(recalibrations=golden_recalibrations(), twins=golden_twins())
    run = RunHistory(run="train", models=(history,), results={history.facts.name: results})
    outcomes = diagnose(history)
    (batch_loss, *_) = place(history, golden_scalars())
    curve = Curve(name=batch_loss.tag, steps=batch_loss.steps, values=batch_loss.values)
    rows = [create_row(golden_listing("train", "resnet"), run, {"resnet": outcomes}, curve)]
    summing = create_loss(measured=5.0, learning_rate=0.01)
    loop = create_history(
        run="loop", losses=(summing,), model={"learning_rate": 0.01}, facts={"optimizer": "SGD"}
    )
    averaging = create_loss(learning_rate=0.01)
    fit = replace(loop, run="fit", losses=(averaging,))
    sides = (
        Compared(
            history=RunHistory(run=one.run, models=(one,)), found={one.facts.name: diagnose(one)}
        )
        for one in (fit, loop)
    )
    pair = compare_runs(*sides)
    return {
        "Runs": runs(
            [
                (golden_listing("train", "resnet"), rows[0].counts),
                (golden_listing("other", "model", "critic"), None),
            ]
        ),
        "Overview": json.loads(overview(rows, left=1)),
        "Comparisons": comparisons([pair], left=0),
        "Report": report(run, history, outcomes),
        "Column": column(history, HEATMAP_COLUMNS[1]),
        "Layer": layer_payload(history, 0, golden_channels()),
        "Scalars": scalars(place(history, golden_scalars())),
        "Comparison": comparison(
            Side(model=history, outcomes=outcomes), Side(model=other, outcomes=diagnose(other))
        ),
    }


def encode(answer: dict[str, Any]) -> str:
    """An answer as it stands in its file."""
    return json.dumps(answer, indent=1, allow_nan=False) + "\n"


def stale_files() -> list[str]:
    """Names of golden files that are missing or hold something else."""
    return [
        path.name
        for name, answer in golden_answers().items()
        if not (path := GOLDEN / f"{name.lower()}.json").exists()
        or path.read_text(encoding="utf-8") != encode(answer)
    ]


def write() -> None:
    """Writes the golden files."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, answer in golden_answers().items():
        (GOLDEN / f"{name.lower()}.json").write_text(encode(answer), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        stale = stale_files()
        sys.exit(f"stale: {', '.join(stale)}; run python -m tests.dashboard.golden" if stale else 0)
    write()
