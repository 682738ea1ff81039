"""The code of a printed fix is found in a program word for word, but for names of variables."""

from __future__ import annotations

import ast

import pytest

from benchmarks.fixes.spans import has_span, read_spans

HAS = {
    "other names": ("y = model(x, training=True)", "outputs = net(images, training=True)"),
    "an attribute for a variable": ("layer.trainable = False", "self.base.trainable = False"),
    "an item for a variable": ("layer.trainable = False", "model.layers[0].trainable = False"),
    "a constant for a variable": (
        "dataset.batch(n, drop_remainder=True)",
        "d.batch(32, drop_remainder=True)",
    ),
    "a keyword": ("momentum=0.99", "BatchNormalization(axis=-1, momentum=0.99)"),
    "two keywords": ("a=1, b=2", "f(b=2, a=1)"),
    "a class within its module": (
        "BatchNormalization(momentum=0.9)",
        "keras.layers.BatchNormalization(momentum=0.9, name='bn')",
    ),
    "anything": ("model.compile(...)", "net.compile('adam', loss, metrics=[])"),
    "anything before a keyword": ("model.fit(..., callbacks=[c])", "m.fit(x, y, callbacks=[d])"),
    "a name": ("GroupNormalization", "x = keras.layers.GroupNormalization(groups=1)"),
    "a dotted name": ("layer.weights", "pairs = zip(layer.weights, values)"),
    "a keyword's name": ("training", "bn(x, training=flag)"),
    "the head of a block": ("with watch.evaluating():", "with seen.evaluating():\n  net(x)"),
    "a method": (
        "def call(self, x, training=None): ... x = self.bn(x, training=training)",
        "def call(self, rows, training=None):\n  y = 1\n  rows = self.bn(rows, training=training)",
    ),
}
HAS_NOT = {
    "another value": ("momentum=0.99", "BatchNormalization(momentum=0.9)"),
    "another keyword": ("bn(x, training=True)", "bn(x, training=False)"),
    "one keyword more": ("model(x, training=True)", "model(x, training=True, mask=m)"),
    "another function": ("tf.reduce_mean(loss)", "tf.reduce_sum(loss)"),
    "another module": ("tf.square(y)", "np.square(y)"),
    "another class": ("BatchNormalization()", "LayerNormalization()"),
    "one variable under two names": ("a - a", "x - y"),
    "no assignment": ("y = model(x, training=True)", "loss(model(x, training=True))"),
    "another attribute": ("layer.trainable = False", "layer.built = False"),
    "a method without the argument": (
        "def call(self, x, training=None): ...",
        "def call(self, x):\n  pass",
    ),
}


@pytest.mark.parametrize("name", HAS)
def test_has(name: str) -> None:
    span, program = HAS[name]
    assert has_span(span, [ast.parse(program)])


@pytest.mark.parametrize("name", HAS_NOT)
def test_has_not(name: str) -> None:
    span, program = HAS_NOT[name]
    assert not has_span(span, [ast.parse(program)])


def test_spans_are_what_stands_in_backticks() -> None:
    assert read_spans("Call `f(x)`, then `g`, and `f(x)` again.") == ("f(x)", "g")
