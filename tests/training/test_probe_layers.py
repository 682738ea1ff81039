"""What a probe measures of layers is written beside it, one row a layer of the record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.keras.probe import run as probing
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit


def test_values_of_a_layer_stand_in_its_row(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    layer, bare = model.get_layer("bn"), probing.run

    def measuring(*args: Any, **options: Any) -> probing.ProbeResult:
        values = {"batch_mean": 3.0, "mean_gap": 0.25}
        return replace(bare(*args, **options), layers={id(layer): values})

    monkeypatch.setattr(probing, "run", measuring)
    fit(model, callbacks=[create(tmp_path, probe_data=(X[:8], Y[:8]))])
    probed = read_model(tmp_path).probe_layers
    assert probed is not None
    assert probed.steps.tolist() == [10]
    assert probed.columns["batch_mean"].tolist() == [[3.0]]
    assert probed.columns["mean_gap"].tolist() == [[0.25]]
    assert np.isnan(probed.columns["batch_variance"]).all()
