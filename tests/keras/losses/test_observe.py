"""What the traced loss and metrics were given is seen; training and artefacts are as without."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.losses.observe import LossObserver
from tests.conftest import Flavour

ROWS, FEATURES, CLASSES = 16, 4, 3

# Keras 3 itself does this when it saves weights under numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any]:
    random = np.random.default_rng(2)
    return random.normal(size=(ROWS, FEATURES)).astype("float32"), random.integers(0, CLASSES, ROWS)


def classifier(keras: Any, **options: Any) -> Any:
    layers = [keras.Input((FEATURES,)), keras.layers.Dense(CLASSES, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **options})
    return model


def fitted(model: Any, *data: Any, **options: Any) -> LossObserver:
    observer = LossObserver(model, Guard("model"))
    model.fit(*data, batch_size=8, verbose=0, **options)
    return observer


def test_a_loss_by_name_is_seen_with_its_class_and_shapes(flavour: Flavour, data: Any) -> None:
    (loss,) = fitted(classifier(flavour.keras), *data).losses()
    assert (loss.name, loss.loss_class) == ("loss", "SparseCategoricalCrossentropy")
    assert loss.reduction in ("sum_over_batch_size", "auto")
    # tf_keras expands labels before the loss sees them
    assert loss.label_shape is not None
    assert loss.label_shape[1:] == ((1,) if flavour.name == "tf_keras" else ())
    assert loss.prediction_shape is not None
    assert loss.prediction_shape[1:] == (CLASSES,)
    assert (loss.label_dtype, loss.prediction_dtype) == ("int64", "float32")
    assert not loss.weighted


def test_sample_weights_are_seen(flavour: Flavour, data: Any) -> None:
    weights = np.ones(ROWS, "float32")
    (loss,) = fitted(classifier(flavour.keras), *data, sample_weight=weights).losses()
    assert loss.weighted


def test_before_the_first_step_class_and_reduction_are_known(flavour: Flavour) -> None:
    loss = flavour.keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    observer = LossObserver(classifier(flavour.keras, loss=loss), Guard("model"))
    (seen,) = observer.losses()
    assert (seen.loss_class, seen.reduction) == ("SparseCategoricalCrossentropy", "sum")
    assert (seen.label_shape, seen.prediction_shape) == (None, None)
    assert observer.metrics() == ()


def test_a_users_function_has_a_name_and_no_reduction(
    flavour: Flavour, tensorflow: ModuleType, data: Any
) -> None:
    def my_loss(labels: Any, predictions: Any) -> Any:
        labels = tensorflow.one_hot(tensorflow.cast(tensorflow.reshape(labels, [-1]), "int32"), 3)
        return tensorflow.reduce_sum((labels - predictions) ** 2) / 32.0

    (loss,) = fitted(classifier(flavour.keras, loss=my_loss), *data).losses()
    assert loss.loss_class.endswith("my_loss")
    assert loss.reduction is None


def test_accuracy_is_seen_as_what_it_became(flavour: Flavour, data: Any) -> None:
    x, y = data
    sparse = fitted(classifier(flavour.keras, metrics=["accuracy"]), x, y)
    one_hot = classifier(flavour.keras, loss="categorical_crossentropy", metrics=["acc"])
    by_rows = fitted(one_hot, x, np.eye(CLASSES, dtype="float32")[y])
    (metric,) = sparse.metrics()
    assert (metric.name, metric.compiled_as) == ("accuracy", "accuracy")
    assert metric.metric_class == "SparseCategoricalAccuracy"
    (metric,) = by_rows.metrics()
    assert (metric.compiled_as, metric.metric_class) == ("acc", "CategoricalAccuracy")
    assert metric.label_shape is not None
    assert metric.label_shape[1:] == (CLASSES,)


def test_metrics_given_as_objects_and_functions_are_named(
    flavour: Flavour, tensorflow: ModuleType, data: Any
) -> None:
    def closeness(labels: Any, predictions: Any) -> Any:
        return tensorflow.reduce_mean(predictions, -1) + 0.0 * tensorflow.cast(labels[0], "float32")

    top = flavour.keras.metrics.SparseTopKCategoricalAccuracy(2, name="top")
    model = classifier(flavour.keras, metrics=[top, closeness], weighted_metrics=["accuracy"])
    first, second, third = fitted(model, *data).metrics()
    assert (first.name, first.compiled_as) == ("top", "SparseTopKCategoricalAccuracy")
    assert second.name == "closeness"
    assert second.metric_class.endswith("closeness")
    assert (third.compiled_as, third.metric_class) == ("accuracy", "SparseCategoricalAccuracy")


def test_each_output_has_its_own_loss_and_metrics(flavour: Flavour, data: Any) -> None:
    keras, (x, y) = flavour.keras, data
    inputs = keras.Input((FEATURES,))
    outputs = {
        "classes": keras.layers.Dense(CLASSES, name="classes", activation="softmax")(inputs),
        "value": keras.layers.Dense(1, name="value")(inputs),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        "sgd",
        loss={"classes": "sparse_categorical_crossentropy", "value": "mse"},
        metrics={"classes": ["accuracy"], "value": ["mae"]},
    )
    observer = fitted(model, x, {"classes": y, "value": x[:, :1]})
    losses = {loss.name: loss for loss in observer.losses()}
    assert losses["classes"].loss_class == "SparseCategoricalCrossentropy"
    assert losses["value"].loss_class == "MeanSquaredError"
    assert [losses[name].prediction_shape[1:] for name in ("classes", "value")] == [(3,), (1,)]  # type: ignore[index]
    metrics = {metric.name: metric for metric in observer.metrics()}
    assert metrics["classes_accuracy"].metric_class == "SparseCategoricalAccuracy"
    assert (metrics["value_mae"].compiled_as, metrics["value_mae"].metric_class) == (
        "mae",
        "MeanAbsoluteError",
    )


def test_compile_is_followed_at_the_next_refresh(flavour: Flavour, data: Any) -> None:
    model = classifier(flavour.keras)
    observer = fitted(model, *data)
    loss = flavour.keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    model.compile("sgd", loss=loss)
    observer.refresh()
    model.fit(*data, batch_size=8, verbose=0)
    (seen,) = observer.losses()
    assert seen.reduction == "sum"
    assert seen.prediction_shape is not None


def test_training_shapes_stay_when_evaluation_has_others(flavour: Flavour, data: Any) -> None:
    x, y = data
    model = classifier(flavour.keras, loss="mse", metrics=["mae"])
    observer = LossObserver(model, Guard("model"))
    one_hot = np.eye(CLASSES, dtype="float32")[y]
    model.evaluate(x, y[:, np.newaxis].astype("float32"), verbose=0)
    model.fit(x, one_hot, batch_size=8, verbose=0)
    model.evaluate(x, y[:, np.newaxis].astype("float32"), verbose=0)
    (loss,) = observer.losses()
    assert loss.label_shape is not None
    assert loss.label_shape[1:] == (CLASSES,)


def test_a_step_that_never_calls_the_compiled_loss_leaves_shapes_unknown(
    flavour: Flavour, tensorflow: ModuleType, data: Any
) -> None:
    tf = tensorflow

    base: Any = flavour.keras.Sequential

    class Model(base):
        def train_step(self, data: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self(data[0], training=True) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    model = Model([flavour.keras.Input((FEATURES,)), flavour.keras.layers.Dense(CLASSES)])
    model.compile("sgd", loss="mse")
    labels = np.eye(CLASSES, dtype="float32")[data[1]]
    (loss,) = fitted(model, data[0], labels).losses()
    assert loss.loss_class == "MeanSquaredError"
    assert (loss.label_shape, loss.prediction_shape) == (None, None)


@pytest.mark.parametrize(
    "options", [{}, {"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 2}]
)
def test_observed_training_is_bit_equal(flavour: Flavour, data: Any, options: Any) -> None:
    def trained(*, observed: bool) -> list[bytes]:
        flavour.keras.utils.set_random_seed(5)
        model = classifier(flavour.keras, metrics=["accuracy"], **options)
        observer = LossObserver(model, Guard("model")) if observed else None
        model.fit(*data, batch_size=4, verbose=0, shuffle=False, epochs=2)
        if observer is not None:
            (loss,) = observer.losses()
            assert loss.prediction_shape is not None
        return [np.asarray(variable).tobytes() for variable in model.variables]

    assert trained(observed=True) == trained(observed=False)


def test_autograph_treats_a_users_loss_as_without_us(
    flavour: Flavour, tensorflow: ModuleType, data: Any
) -> None:
    """tf_keras converts `if tensor:` in a loss; Keras 3 does not convert, and refuses it."""

    def branching(labels: Any, predictions: Any) -> Any:
        loss = tensorflow.reduce_mean(predictions**2) + 0.0 * tensorflow.reduce_sum(labels)
        if loss > 0.0:
            loss = 2.0 * loss
        return loss

    def outcome(*, observed: bool) -> str:
        model = classifier(flavour.keras, loss=branching)
        observer = LossObserver(model, Guard("model")) if observed else None
        try:
            model.fit(data[0], data[1].astype("float32"), verbose=0)
        except TypeError as error:
            return type(error).__name__
        finally:
            if observer is not None:
                observer.close()
        return "trained"

    assert outcome(observed=True) == outcome(observed=False)


def test_nothing_of_ours_is_in_what_is_saved_copied_or_pickled(
    flavour: Flavour, data: Any, tmp_path: Path
) -> None:
    model = classifier(flavour.keras, metrics=["accuracy"])
    observer = fitted(model, *data)
    model.save(tmp_path / "model.keras")
    loaded = flavour.keras.models.load_model(tmp_path / "model.keras")
    copied, unpickled = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    cloned = flavour.keras.models.clone_model(model)
    expected = np.asarray(model(data[0]))
    for other in (loaded, copied, unpickled):
        np.testing.assert_array_equal(np.asarray(other(data[0])), expected)
    for other in (loaded, copied, unpickled, cloned):
        for name in ("_compile_loss", "_compile_metrics", "compiled_loss", "compiled_metrics"):
            assert not hasattr(type(vars(other).get(name)), "_tb_bnplugin_base")
    assert b"tb_bnplugin" not in (tmp_path / "model.keras").read_bytes()
    observer.close()


def test_closing_gives_the_objects_their_classes_back(flavour: Flavour, data: Any) -> None:
    model = classifier(flavour.keras, metrics=["accuracy"])
    name = "_compile_loss" if flavour.name == "keras3" else "compiled_loss"
    own = type(getattr(model, name))
    observer = fitted(model, *data)
    assert type(getattr(model, name)) is not own
    assert isinstance(getattr(model, name), own)
    observer.close()
    assert type(getattr(model, name)) is own


def test_a_fault_of_ours_warns_once_and_training_goes_on(
    flavour: Flavour, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tb_bnplugin.keras.losses import output_data

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(output_data, "loss_data", broken)
    model = classifier(flavour.keras)
    with pytest.warns(RuntimeWarning, match="on purpose") as caught:
        observer = fitted(model, *data, epochs=2)
    assert len([one for one in caught if one.category is RuntimeWarning]) == 1
    (loss,) = observer.losses()
    assert loss.prediction_shape is None


def test_a_model_that_is_not_compiled_has_no_losses(flavour: Flavour) -> None:
    observer = LossObserver(
        flavour.keras.Sequential([flavour.keras.layers.Dense(1)]), Guard("model")
    )
    assert observer.losses() == ()
    assert observer.metrics() == ()
