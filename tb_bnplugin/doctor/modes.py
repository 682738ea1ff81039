"""Who decides whether batch normalization runs in training mode, measured."""

from __future__ import annotations

from typing import Any, Final

from tb_bnplugin.doctor.bench import Bench, X, Y
from tb_bnplugin.doctor.question import Question, yes_no


def nested(bench: Bench, bn: Any, *, training: bool) -> Any:
    """A functional model that calls a base model, which holds `bn`, with a fixed mode."""
    inputs = bench.input()
    base = bench.keras.Model(inputs, bn(inputs))
    return bench.functional(lambda x: base(x, training=training))


def direct(bench: Bench, bn: Any, *, training: bool) -> Any:
    """A functional model that calls `bn` itself with a fixed mode."""
    return bench.functional(lambda x: bn(x, training=training))


def subclassed(bench: Bench, bn: Any, *, training: bool | None = None) -> Any:
    """A subclassed model whose `call` has no argument `training`."""
    head, given = bench.head(), {} if training is None else {"training": training}

    class Model(bench.keras.Model):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.bn = bn
            self.head = head

        def call(self, x: Any) -> Any:
            return self.head(self.bn(x, **given))

    return bench.compiled(Model())


def graph_false_in_fit(bench: Bench) -> bool:
    """Base model called with training=False, then fit."""
    bn = bench.bn()
    bench.fit(nested(bench, bn, training=False))
    return bench.updates(bn) == 0


def graph_false_in_fit_direct(bench: Bench) -> bool:
    """Layer called with training=False, then fit."""
    bn = bench.bn()
    bench.fit(direct(bench, bn, training=False))
    return bench.updates(bn) == 0


def graph_false_in_tape(bench: Bench) -> bool:
    """Base model called with training=False, then model(x, training=True) in a tape."""
    bn = bench.bn()
    in_tape(bench, nested(bench, bn, training=False), training=True)
    return bench.updates(bn) == 0


def graph_false_in_tape_direct(bench: Bench) -> bool:
    """Layer called with training=False, then model(x, training=True) in a tape."""
    bn = bench.bn()
    in_tape(bench, direct(bench, bn, training=False), training=True)
    return bench.updates(bn) == 0


def graph_true_in_evaluate(bench: Bench) -> bool:
    """Layer called with training=True, then evaluate."""
    bn = bench.bn()
    direct(bench, bn, training=True).evaluate(X, Y, verbose=0)
    return bench.updates(bn) > 0


def graph_true_in_predict(bench: Bench) -> bool:
    """Layer called with training=True, then predict."""
    bn = bench.bn()
    direct(bench, bn, training=True).predict(X, verbose=0)
    return bench.updates(bn) > 0


def graph_true_in_bare_call(bench: Bench) -> bool:
    """Layer called with training=True, then model(x)."""
    bn = bench.bn()
    direct(bench, bn, training=True)(bench.rows())
    return bench.updates(bn) > 0


def explicit_true_in_evaluate(bench: Bench) -> bool:
    """`call` of a subclassed model calls the layer with training=True, then evaluate."""
    bn = bench.bn()
    subclassed(bench, bn, training=True).evaluate(X, Y, verbose=0)
    return bench.updates(bn) > 0


def call_without_training(bench: Bench) -> bool:
    """Subclassed model whose `call` has no `training`, then fit."""
    bn = bench.bn()
    bench.fit(subclassed(bench, bn))
    return bench.updates(bn) > 0


def inner_call_without_training(bench: Bench) -> bool:
    """Own layer without `training` in a model that has it, then fit."""
    bn = bench.bn()

    class Block(bench.keras.layers.Layer):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.bn = bn

        def call(self, x: Any) -> Any:
            return self.bn(x)

    class Model(bench.keras.Model):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()
            self.head = bench.head()

        def call(self, x: Any, training: Any = None) -> Any:  # noqa: ARG002  # Keras looks for it
            return self.head(self.block(x))

    bench.fit(bench.compiled(Model()))
    return bench.updates(bn) > 0


def bare_call_in_tape(bench: Bench) -> bool:
    """model(x) in a tape."""
    bn = bench.bn()
    in_tape(bench, bench.functional(bn))
    return bench.updates(bn) > 0


def random_flip_leaks(bench: Bench) -> bool:
    """RandomFlip before the layer, then model(x)."""
    return _leaks(bench, bench.keras.layers.RandomFlip("horizontal"))


def resizing_leaks(bench: Bench) -> bool:
    """Resizing before the layer, then model(x)."""
    return _leaks(bench, bench.keras.layers.Resizing(2, 2))


def _leaks(bench: Bench, preprocessing: Any) -> bool:
    bn, inputs = bench.bn(), bench.input(2, 2, 1)
    model = bench.keras.Model(inputs, bn(preprocessing(inputs)))
    model(bench.tf.reshape(bench.rows(), (1, 2, 2, 1)))
    return bench.updates(bn) > 0


def in_tape(bench: Bench, model: Any, **mode: Any) -> None:
    """A call as a training loop of one's own makes it."""
    with bench.tf.GradientTape():
        model(bench.rows(), **mode)


_OVERRIDDEN: Final = (
    "What the graph asks for is overridden: to keep the layer still, set trainable=False and"
    " compile."
)

QUESTIONS: Final = (
    Question(
        name="graph_training_false_honoured_in_fit",
        asks="Does fit honour base(x, training=False) of a functional graph?",
        measure=graph_false_in_fit,
        means=yes_no(
            yes="The base model's moving statistics stand still in fit, also after unfreezing.",
            no=_OVERRIDDEN,
        ),
    ),
    Question(
        name="graph_training_false_honoured_in_fit_direct_layer",
        asks="Does fit honour bn(x, training=False) of a functional graph?",
        measure=graph_false_in_fit_direct,
        means=yes_no(yes="The layer's moving statistics stand still in fit.", no=_OVERRIDDEN),
    ),
    Question(
        name="graph_training_false_honoured_in_tape",
        asks="Does model(x, training=True) in a tape honour base(x, training=False)?",
        measure=graph_false_in_tape,
        means=yes_no(
            yes="The base model stays in inference mode whatever the loop passes.", no=_OVERRIDDEN
        ),
    ),
    Question(
        name="graph_training_false_honoured_in_tape_direct_layer",
        asks="Does model(x, training=True) in a tape honour bn(x, training=False)?",
        measure=graph_false_in_tape_direct,
        means=yes_no(
            yes="The layer stays in inference mode whatever the loop passes.", no=_OVERRIDDEN
        ),
    ),
    Question(
        name="graph_training_true_kept_in_evaluate",
        asks="Does bn(x, training=True) of a functional graph stay in evaluate?",
        measure=graph_true_in_evaluate,
        means=yes_no(
            yes="evaluate moves the statistics, and its result depends on the batch.",
            no="evaluate runs the layer in inference mode; only model(x) may not.",
        ),
    ),
    Question(
        name="graph_training_true_kept_in_predict",
        asks="Does bn(x, training=True) of a functional graph stay in predict?",
        measure=graph_true_in_predict,
        means=yes_no(
            yes="predict moves the statistics, and its result depends on the batch.",
            no="predict runs the layer in inference mode; only model(x) may not.",
        ),
    ),
    Question(
        name="graph_training_true_kept_in_bare_call",
        asks="Does bn(x, training=True) of a functional graph stay in a bare model(x)?",
        measure=graph_true_in_bare_call,
        means=yes_no(
            yes="model(x) moves the statistics: pass training=False to evaluate by hand.",
            no="model(x) runs the layer in inference mode.",
        ),
    ),
    Question(
        name="explicit_training_true_moves_in_evaluate",
        asks="Does evaluate move statistics where `call` says self.bn(x, training=True)?",
        measure=explicit_true_in_evaluate,
        means=yes_no(
            yes="Each evaluation changes the model: hand the `training` of `call` on instead.",
            no="evaluate overrides what `call` says.",
        ),
    ),
    Question(
        name="trains_call_without_training",
        asks="Does fit train a subclassed model whose call has no `training`?",
        measure=call_without_training,
        means=yes_no(
            yes="Such a model trains as it should.",
            no="fit runs it in inference mode: write call(self, x, training=None), hand it on.",
        ),
    ),
    Question(
        name="inner_call_without_training_hands_it_on",
        asks="Does an inner layer whose call has no `training` hand it on in fit?",
        measure=inner_call_without_training,
        means=yes_no(
            yes="Only the outer model's call needs the argument.",
            no="Every layer between the model and the normalization needs the argument.",
        ),
    ),
    Question(
        name="bare_call_in_tape_trains",
        asks="Does model(x) in a tape run in training mode?",
        measure=bare_call_in_tape,
        means=yes_no(
            yes="A loop of one's own trains without an argument.",
            no="A loop of one's own must call model(x, training=True).",
        ),
    ),
    Question(
        name="random_flip_leaks_training",
        asks="Does RandomFlip turn training mode on behind it in a bare model(x)?",
        measure=random_flip_leaks,
        means=yes_no(
            yes="model(x) moves the statistics behind it: pass training=False.",
            no="model(x) is safe behind it.",
        ),
    ),
    Question(
        name="resizing_leaks_training",
        asks="Does Resizing turn training mode on behind it in a bare model(x)?",
        measure=resizing_leaks,
        means=yes_no(
            yes="model(x) moves the statistics behind it: pass training=False.",
            no="model(x) is safe behind it.",
        ),
    ),
)
