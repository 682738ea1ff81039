"""What is saved, exported or copied of a watched, trained model is as of an unwatched one."""

from __future__ import annotations

import copy
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.training.recorder import recorder_of
from tests.conftest import Flavour
from tests.support.tiny import X, compile_tiny, create_dense, executions, fit

OURS = (b"tb_bnplugin", b"bn_executions", b"bn_batches", b"bn_run_context")

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:.*HDF5 file.*legacy"),
]


def create_model(keras: Any) -> Any:
    inputs = keras.Input((3,))
    return compile_tiny(keras.Model(inputs, create_dense(keras, "base")(inputs)))


@pytest.fixture
def model(flavour: Flavour, tmp_path: Path) -> Any:
    """Watched by the callback and by hand, trained, and called in a loop."""
    made = create_model(flavour.keras)
    tb_bnplugin.watch(made)
    callback = tb_bnplugin.BatchNormCallback(tmp_path / "logs", update_freq="batch")
    fit(made, callbacks=[callback])
    made(X[:4], training=True)
    return made


def outputs(model: Any) -> Any:
    return np.asarray(model(X, training=False))


def by_keras(keras: Any, model: Any, folder: Path) -> Any:
    model.save(folder / "m.keras")
    return outputs(keras.models.load_model(folder / "m.keras"))


def by_h5(keras: Any, model: Any, folder: Path) -> Any:
    model.save(str(folder / "m.h5"))
    return outputs(keras.models.load_model(str(folder / "m.h5"), compile=False))


def by_weights(keras: Any, model: Any, folder: Path) -> Any:
    model.save_weights(folder / "m.weights.h5")
    other = create_model(keras)
    other.load_weights(folder / "m.weights.h5")
    return outputs(other)


def by_checkpoint(keras: Any, model: Any, folder: Path) -> Any:
    path = tf.train.Checkpoint(model=model).save(str(folder / "checkpoint"))
    names = [name for name, _ in tf.train.list_variables(path)]
    assert not [name for name in names if "bn_" in name or "watch" in name]
    other = create_model(keras)
    tf.train.Checkpoint(model=other).restore(path).assert_existing_objects_matched()
    return outputs(other)


def by_saved_model(keras: Any, model: Any, folder: Path) -> Any:
    tf.saved_model.save(model, str(folder))
    loaded = tf.saved_model.load(str(folder))
    (made,) = loaded.signatures["serving_default"](tf.constant(X)).values()
    return made


def by_export(keras: Any, model: Any, folder: Path) -> Any:
    model.export(str(folder))
    loaded = tf.saved_model.load(str(folder))
    return loaded.serve(tf.constant(X))


def by_format_of_keras_2(keras: Any, model: Any, folder: Path) -> Any:
    if keras.__name__ == "keras":
        return by_export(keras, model, folder)  # all that is left of it in Keras 3
    model.save(str(folder), save_format="tf")
    return outputs(keras.models.load_model(str(folder)))


def by_lite(keras: Any, model: Any, folder: Path) -> Any:
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (folder / "m.tflite").write_bytes(content)
    interpreter = tf.lite.Interpreter(model_content=content)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], X.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], X)
    interpreter.invoke()
    return interpreter.get_tensor(made["index"])


Save = Callable[[Any, Any, Path], Any]


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.filterwarnings("ignore:.*looks like it has unbuilt state")
@pytest.mark.parametrize(
    "save",
    [
        by_keras,
        by_h5,
        by_weights,
        by_checkpoint,
        by_saved_model,
        by_export,
        by_format_of_keras_2,
        by_lite,
    ],
)
def test_an_artefact_predicts_equally_and_holds_nothing_of_ours(
    flavour: Flavour, model: Any, tmp_path: Path, save: Save
) -> None:
    before, folder = executions(model), tmp_path / "artefact"
    folder.mkdir()
    made = save(flavour.keras, model, folder)
    # other kernels, so equal but for the last bits
    np.testing.assert_allclose(made, outputs(model), rtol=1e-5, atol=1e-5)
    assert_holds_nothing_of_ours(folder)
    before["base/bn"]["inference_no_tape"] = 1  # `outputs(model)` above, and nothing else
    assert executions(model) == before


def assert_holds_nothing_of_ours(folder: Path) -> None:
    contents = [part.read_bytes() for part in folder.rglob("*") if part.is_file()]
    for path in folder.rglob("*.keras"):
        with zipfile.ZipFile(path) as archive:
            contents += [archive.read(name) for name in archive.namelist()]
    assert contents
    assert not [name for name in OURS for content in contents if name in content]


def clone(keras: Any, model: Any) -> Any:
    copied = keras.models.clone_model(model)
    copied.set_weights(model.get_weights())
    return copied


def unpickle(keras: Any, model: Any) -> Any:
    content = pickle.dumps(model)
    assert not [name for name in OURS if name in content]
    return pickle.loads(content)


def deep_copy(keras: Any, model: Any) -> Any:
    return copy.deepcopy(model)


@pytest.mark.parametrize("copying", [clone, unpickle, deep_copy])
def test_a_copy_is_equal_and_not_watched(
    flavour: Flavour, model: Any, copying: Callable[[Any, Any], Any]
) -> None:
    copied, before = copying(flavour.keras, model), executions(model)
    assert recorder_of(copied) is None
    assert "call" not in copied.get_layer("base").get_layer("bn").__dict__
    copied(X[:4], training=True)
    assert executions(model) == before
    assert not np.array_equal(outputs(copied), outputs(model))  # it moved, the model did not


def test_a_copied_layer_is_its_own(flavour: Flavour, model: Any) -> None:
    bn, before = model.get_layer("base").get_layer("bn"), executions(model)
    copied, mean = copy.deepcopy(bn), np.asarray(bn.moving_mean)
    copied(np.ones((4, 4), "float32"), training=True)
    assert executions(model) == before
    np.testing.assert_array_equal(np.asarray(bn.moving_mean), mean)


def test_closing_gives_every_object_its_own_back(flavour: Flavour) -> None:
    model = create_model(flavour.keras)
    bn = model.get_layer("base").get_layer("bn")
    model_before, bn_before = dict(vars(model)), dict(vars(bn))
    watch = tb_bnplugin.watch(model)
    assert vars(bn) != bn_before
    watch.close()
    assert vars(bn) == bn_before
    assert vars(model) == model_before


def test_closing_keeps_a_call_of_the_users_own(flavour: Flavour) -> None:
    model = create_model(flavour.keras)
    bn = model.get_layer("base").get_layer("bn")
    own, seen = bn.call, []

    def call(inputs: Any, training: Any = None, **rest: Any) -> Any:
        seen.append(training)
        return own(inputs, training=training, **rest)

    bn.call = call
    with tb_bnplugin.watch(model):
        model(X[:4], training=True)
        assert executions(model) == {"base/bn": {"training_no_tape": 1}}
    assert seen == [True]
    assert bn.call is call
