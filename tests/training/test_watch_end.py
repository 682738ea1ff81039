"""A watch that closes writes what it says last."""

from __future__ import annotations

import warnings
from pathlib import Path

import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import read_model
from tests.support.tiny import X, create_dense


def test_the_last_record_is_written_when_a_watch_closes(flavour: Flavour, tmp_path: Path) -> None:
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model, on_finding="ignore") as watch:
        with tf.summary.create_file_writer(str(tmp_path / "loop")).as_default():
            for step in range(1, 4):
                model(X, training=True)
                tb_bnplugin.summary.batch_norm(model, step=step)
        model(X, training=False)
        said = {outcome.code: outcome.status for outcome in watch.outcomes()}
    history = read_model(tmp_path, "loop")
    assert history.layer("inference_no_tape")[-1, 0] == 1
    (report,) = tb_bnplugin.check(str(tmp_path)).runs
    assert {outcome.code: outcome.status for outcome in report.outcomes} == said


def test_a_watch_without_a_writer_closes_in_silence(flavour: Flavour) -> None:
    with tb_bnplugin.watch(create_dense(flavour.keras)):
        pass


def test_a_writer_that_the_program_closed_gets_no_more_records(
    flavour: Flavour, tmp_path: Path
) -> None:
    model = create_dense(flavour.keras)
    watch = tb_bnplugin.watch(model, on_finding="ignore")
    writer = tf.summary.create_file_writer(str(tmp_path / "loop"))
    with writer.as_default():
        model(X, training=True)
        tb_bnplugin.summary.batch_norm(model, step=1)
    writer.close()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        watch.close()
    assert not told
    assert read_model(tmp_path, "loop").steps.tolist() == [1]
