"""Two replicas: a step counts once, a record is written once."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tests.conftest import Flavour
from tests.support.logs import create, read, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, executions, fit


@pytest.fixture
def model(flavour: Flavour, strategy: Any) -> Any:
    with strategy.scope():
        return compile_tiny(create_dense(flavour.keras), jit_compile=False)


def test_fit_counts_a_step_once(model: Any, tmp_path: Path) -> None:
    fit(model, callbacks=[create(tmp_path)], validation_data=(X, Y))
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 11))
    assert history.layer("training_tape")[:, 0].tolist() == list(range(1, 11))
    assert history.layer("inference_evaluate")[-1, 0] == 10
    assert history.layer("statistics_changes")[-1, 0] == 10
    assert history.layer("external_changes")[-1, 0] == 0
    assert history.facts.replicas == 2


def test_predict_and_bare_calls(model: Any) -> None:
    tb_bnplugin.watch(model)
    model.predict(X, batch_size=4, verbose=0)
    model(X[:4], training=True)
    assert executions(model) == {"bn": {"inference_predict": 10, "training_no_tape": 1}}


def test_a_custom_loop_counts_and_writes_once(
    model: Any, strategy: Any, tensorflow: ModuleType, tmp_path: Path
) -> None:
    tf = tensorflow
    tb_bnplugin.watch(model)

    def train(rows: Any, step: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(rows, training=True)))
        tape.gradient(loss, model.trainable_variables)
        return summary.batch_norm(model, step=step)

    @tf.function
    def step(rows: Any, at: Any) -> Any:
        return strategy.run(train, args=(rows, at))

    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for at in range(1, 5):
            written = step(tf.constant(X[:4]), tf.constant(at, "int64"))
            assert [bool(part) for part in written.values] == [True, False]
    ((history,),) = (run.models for run in read(tmp_path).values())
    assert history.steps.tolist() == [1, 2, 3, 4]
    assert history.layer("training_tape")[:, 0].tolist() == [1, 2, 3, 4]


def test_watching_outside_the_scope(model: Any, strategy: Any, tensorflow: ModuleType) -> None:
    watch = tb_bnplugin.watch(model)
    strategy.run(lambda: model(tensorflow.constant(X[:4]), training=True))
    assert executions(model) == {"bn": {"training_no_tape": 1}}
    bn = model.get_layer("bn")
    assert np.isfinite(np.asarray(bn.moving_mean)).all()
    watch.close()
    assert "call" not in bn.__dict__
