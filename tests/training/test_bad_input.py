"""Wrong arguments: an error that names what was received and the way out, in the constructor."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tests.conftest import Flavour
from tests.support.tiny import X, Y, create_dense

CALLBACK_ARGUMENTS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "frequency zero": ({"update_freq": 0}, ValueError, "positive int.*received 0"),
    "frequency below zero": ({"update_freq": -3}, ValueError, "received -3"),
    "frequency a bool": ({"update_freq": True}, TypeError, r"received True \(bool\)"),
    "frequency a float": ({"update_freq": 1.5}, TypeError, r"received 1.5 \(float\)"),
    "frequency none": ({"update_freq": None}, TypeError, "received None"),
    "frequency an unknown word": ({"update_freq": "foo"}, ValueError, "'epoch'.*received 'foo'"),
    "channels at a word": ({"channel_freq": "auto"}, ValueError, "None; received 'auto'"),
    "probe at a word": ({"probe_freq": "batch"}, ValueError, "'epoch'; received 'batch'"),
    "probe never": ({"probe_freq": None}, TypeError, "probe_freq.*received None"),
    "probe data of one part": ({"probe_data": (X,)}, ValueError, "received 1 parts"),
    "probe data an array": ({"probe_data": X}, ValueError, "a dataset or a.*received ndarray"),
    "probe data a dataset": ({"probe_data": range(3)}, ValueError, "received range"),
    "on_finding unknown": ({"on_finding": "raise"}, ValueError, "received 'raise'"),
    "on_finding none": ({"on_finding": None}, ValueError, "received None"),
    "expect one string": ({"expect": "BN108"}, TypeError, r'\("BN101",\).*received \'BN108\''),
    "expect an unknown code": ({"expect": ("BN999",)}, ValueError, "'BN999'.*BN101"),
    "expect no sequence": ({"expect": 5}, TypeError, "expect.*received 5"),
    "expect no codes": ({"expect": (101,)}, ValueError, "101"),
}


@pytest.mark.parametrize("case", CALLBACK_ARGUMENTS)
def test_callback_arguments(tensorflow: ModuleType, tmp_path: Path, case: str) -> None:
    arguments, error, text = CALLBACK_ARGUMENTS[case]
    with pytest.raises(error, match=text):
        tb_bnplugin.BatchNormCallback(tmp_path, **arguments)


@pytest.mark.parametrize("log_dir", [None, 5, ["logs"], b"logs"], ids=repr)
def test_a_log_dir_that_is_none(tensorflow: ModuleType, log_dir: Any) -> None:
    with pytest.raises(TypeError, match=r"log_dir must be a folder.*received"):
        tb_bnplugin.BatchNormCallback(log_dir)


def test_an_empty_log_dir(tensorflow: ModuleType) -> None:
    with pytest.raises(ValueError, match="log_dir.*received ''"):
        tb_bnplugin.BatchNormCallback("")


def test_another_callback_as_log_dir(flavour: Flavour) -> None:
    with pytest.raises(TypeError, match="CSVLogger"):
        tb_bnplugin.BatchNormCallback(flavour.keras.callbacks.CSVLogger("x"))


def test_the_class_instead_of_the_callback(flavour: Flavour) -> None:
    with pytest.raises(TypeError, match="received <class"):
        tb_bnplugin.BatchNormCallback(flavour.keras.callbacks.TensorBoard)


def test_a_file_in_the_place_of_the_folder(tensorflow: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(OSError, match=r"log_dir.*logs.*cannot be made.*may write"):
        tb_bnplugin.BatchNormCallback(tmp_path / "logs")


def test_a_file_in_the_place_of_the_run(tensorflow: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "batch_norm").write_text("a file")
    with pytest.raises(OSError, match=r"log_dir.*batch_norm.*cannot be made"):
        tb_bnplugin.BatchNormCallback(tmp_path)


@pytest.mark.parametrize(
    "model", [None, "model", 3, object()], ids=["none", "str", "int", "object"]
)
def test_watch_takes_a_model(tensorflow: ModuleType, model: Any) -> None:
    with pytest.raises(TypeError, match=f"a Keras model is needed.*{type(model).__name__}"):
        tb_bnplugin.watch(model)


def test_watch_takes_no_layer_and_no_class(flavour: Flavour) -> None:
    with pytest.raises(TypeError, match="received Dense"):
        tb_bnplugin.watch(flavour.keras.layers.Dense(1))
    with pytest.raises(TypeError, match="received the class Sequential"):
        tb_bnplugin.watch(flavour.keras.Sequential)


def test_watch_takes_known_codes(flavour: Flavour) -> None:
    with pytest.raises(ValueError, match="BN999"):
        tb_bnplugin.watch(create_dense(flavour.keras), expect=("BN999",))


def test_ops_take_a_model(flavour: Flavour, tmp_path: Path, tensorflow: ModuleType) -> None:
    with tensorflow.summary.create_file_writer(str(tmp_path)).as_default():
        with pytest.raises(TypeError, match="a Keras model is needed"):
            summary.batch_norm("model", step=1)
        with pytest.raises(TypeError, match="a Keras model is needed"):
            summary.probe(None, X, Y, step=1)


@pytest.mark.parametrize(
    "step", ["one", object(), [1, 2], {}], ids=["str", "object", "list", "dict"]
)
def test_ops_take_a_step(
    flavour: Flavour, tmp_path: Path, tensorflow: ModuleType, step: Any
) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    with (
        tensorflow.summary.create_file_writer(str(tmp_path)).as_default(),
        pytest.raises(TypeError, match="needs a step that is one number.*received"),
    ):
        summary.batch_norm(model, step=step)


def test_a_loss_that_is_none(tmp_path: Path, tensorflow: ModuleType) -> None:
    with (
        tensorflow.summary.create_file_writer(str(tmp_path)).as_default(),
        pytest.raises(TypeError, match="loss.*received"),
    ):
        summary.loss_reduction(5, Y, Y, step=1)


def test_an_unknown_public_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'watsh'"):
        tb_bnplugin.watsh  # noqa: B018
