"""Options of layers in the text of a program."""

from __future__ import annotations

import ast

import pytest

from tb_bnplugin.keras.lines.passed import options_of, parameters_of


def read(text: str) -> list[tuple[str, str, int]]:
    tree = ast.parse(text)
    known = parameters_of(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(found for call in calls for found in options_of(call, known))


@pytest.mark.parametrize(
    ("call", "momentum"),
    [
        ("layers.BatchNormalization()", "0.99"),  # what either Keras takes
        ("BatchNormalization(momentum=0.5)", "0.5"),
        ("BatchNormalization(momentum=m)", ""),
        ("BatchNormalization(-1)", ""),
        ("BatchNormalization(**options)", ""),
    ],
)
def test_the_momentum_of_a_layer_that_is_made(call: str, momentum: str) -> None:
    assert ("layer", momentum, 1) in read(call)


MAKER = "def net(size, momentum):\n    return stack(size)\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{MAKER}net(3, 0.5)", [("momentum", "0.5", 3)]),
        (f"{MAKER}net(3, momentum=0.5)", [("momentum", "0.5", 3)]),
        (f"{MAKER}net(0.5, m)", []),
        (f"{MAKER}{MAKER}net(3, 0.5)", []),  # which of them is not known
        ("conv_net(momentum=0.5)", [("momentum", "0.5", 1)]),
        ("SGD(momentum=0.5)", []),
        ("keras.optimizers.Adam(momentum=0.5)", []),
        ("loss(epsilon=0.5)", []),  # of a function that is not known
        ("def net(epsilon): pass\nnet(0.5)", [("epsilon", "0.5", 2)]),
        (
            'BatchNormalization(name="norm")',
            [("layer", "0.99", 1), ("named", "norm", 1)],
        ),
        ("Dense(3, name='norm')", []),
        ("make(virtual_batch_size=2)", [("virtual_batch_size", "2", 1)]),
        ("LearningRateScheduler(\n    lambda epoch: 0.0\n)", [("schedule", "", 2)]),
        ("norm.set_weights([gamma, beta, mean, variance])", [("set_weights", "", 1)]),
        ("model.set_weights(source.get_weights())", []),
        ("layers.Dropout(0.5)", [("dropout", "", 1)]),
        ("keras.layers.SpatialDropout2D(\n    0.5\n)", [("dropout", "", 1)]),
        ("GaussianNoise(1.0)", [("dropout", "", 1)]),
        ("self.dropout(x)", []),
        ("set_dropout(0.5)", []),
    ],
)
def test_what_a_call_sets(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert read(text) == expected
