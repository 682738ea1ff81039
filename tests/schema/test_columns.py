from __future__ import annotations

import pytest

from tb_bnplugin.schema import columns as tables


@pytest.mark.parametrize(
    "columns",
    [
        tables.LAYER_COLUMNS,
        tables.MODEL_COLUMNS,
        tables.LOSS_COLUMNS,
        tables.PROBE_COLUMNS,
        tables.CHANNEL_ROWS,
        tables.RECORD_REASONS,
        tables.EVENT_COLUMNS,
        tables.PROBE_LAYER_COLUMNS,
        tables.GRADIENT_COLUMNS,
    ],
)
def test_names_are_unique(columns: tuple[str, ...]) -> None:
    assert len(set(columns)) == len(columns)


def test_executions_come_by_mode_and_context() -> None:
    assert (
        *("training_tape", "training_no_tape", "training_evaluate"),
        *("training_predict", "training_unknown"),
        *("inference_tape", "inference_no_tape", "inference_evaluate"),
        *("inference_predict", "inference_unknown"),
    ) == tables.EXECUTION_COLUMNS


def test_columns_that_every_version_reads_by_place_keep_it() -> None:
    # Which process wrote a record is read before anything names the columns.
    assert tables.MODEL_COLUMNS[0] == "process_started"


def test_columns_of_the_format_are_only_ever_appended() -> None:
    assert tables.LOSS_COLUMNS[:6] == (
        *("value_given", "elements", "measured", "doubled", "permuted", "keras_mean"),
    )
    assert tables.LOSS_COLUMNS[6:18] == (
        *("batch", "outputs", "label_rank", "prediction_rank", "label_elements"),
        *("prediction_elements", "broadcast_elements", "weight_sum"),
        *("replicas", "learning_rate", "labels_alike", "candidate"),
    )
    assert tables.PROBE_COLUMNS == ("loss", "accuracy", "spread", "scale", "batch")
    assert tables.RECORD_REASONS[:7] == (
        *("cadence", "trace", "phase", "evaluation", "epoch", "end", "on_demand"),
    )


def test_a_layers_record_of_52_layers_stays_within_its_size() -> None:
    width = max(len(tables.LAYER_COLUMNS), len(tables.MODEL_COLUMNS))
    assert 8 * width <= 240 + 8 * 2  # bytes a layer; see the benchmark for the whole record
