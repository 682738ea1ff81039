"""Two compiles with other metrics in one run: each is shown under its own name, by both loaders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.dashboard.server import serve
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit


@pytest.fixture(scope="module")
def twice_compiled(flavour: Flavour, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a model that was compiled and fitted twice."""
    keras, folder = flavour.keras, tmp_path_factory.mktemp("compiles")
    model: Any = create_dense(keras)
    probe_data = (X[:8], Y[:8])
    callback = tb_bnplugin.BatchNormCallback(folder, probe_data=probe_data, on_finding="ignore")
    for metric in (keras.metrics.RootMeanSquaredError(name="root"), "mae"):
        compile_tiny(model, metrics=[metric])
        fit(model, callbacks=[callback])
    return Path(folder)


@pytest.mark.parametrize("loader", ["--load_fast=true", "--load_fast=false"])
def test_each_metric_has_its_name(twice_compiled: Path, loader: str) -> None:
    with serve(twice_compiled, loader) as server:
        server.wait_for_log(twice_compiled)
        probe = server.route("report", run="batch_norm").json()["probe"]
    series = {entry["name"]: entry["moving"] for entry in probe["series"]}
    assert series["loss"][0] == pytest.approx(series["root"][0] ** 2, rel=2e-3)
    (mean,) = (values for name, values in series.items() if "mae" in name)
    assert (series["root"][-1], mean[0]) == (None, None)
    assert 0.0 < mean[-1] <= series["loss"][-1] ** 0.5 * 1.001
