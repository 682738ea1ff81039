"""The functions of the user's that a model is given."""

from __future__ import annotations

from tb_bnplugin.keras.lines.functions import lambda_lines
from tests.conftest import Flavour


def test_the_function_of_a_lambda_layer(flavour: Flavour) -> None:
    layers = flavour.keras.layers
    inner = flavour.keras.Sequential(
        [flavour.keras.Input((4,)), layers.Lambda(lambda x: 2 * x, name="twice")], name="inner"
    )
    model = flavour.keras.Sequential(
        [flavour.keras.Input((4,)), inner, layers.Lambda(abs, name="library"), layers.Dense(2)]
    )
    [(path, line)] = lambda_lines(model)  # `abs` is no function of the user's
    assert path == "inner/twice"
    assert "lambda x: 2 * x" in line.text
    assert line.file.endswith("test_functions.py")
