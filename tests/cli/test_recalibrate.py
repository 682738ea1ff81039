"""`tb-bnplugin recalibrate`: a saved model, with data of a function of the user's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.cli import main
from tests.conftest import Flavour

DATA = """
import numpy as np

x = np.random.default_rng(0).normal(5, 2, size=(100, 4)).astype("float32")

def data():
    return x, x[:, :1] - 5

def fails():
    return 1 / 0
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "of_the_user.py").write_text(DATA)
    yield tmp_path
    sys.modules.pop("of_the_user", None)


def squared(y: Any, p: Any) -> Any:
    """No file knows where it is."""
    return (y - p) ** 2


def save(keras: Any, path: Path) -> Any:
    norm = keras.layers.BatchNormalization(epsilon=1e-6)
    model = keras.Sequential([keras.Input((4,)), norm, keras.layers.Dense(1)])
    model.layers[-1].set_weights([np.array([[2.0], [0.0], [0.0], [0.0]]), np.zeros(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    return model


def test_writes_a_new_file(
    flavour: Flavour, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(flavour.keras, folder / "model.keras")
    original = (folder / "model.keras").read_bytes()
    assert main(["recalibrate", "model.keras", "--data", "of_the_user:data", "--steps", "2"]) == 0
    printed, errors = capsys.readouterr()
    assert errors == ""
    assert "Recalibrated 1 layer of" in printed
    assert "2 batches (64 rows)" in printed
    assert "Saved in model.recalibrated.keras." in printed
    assert (folder / "model.keras").read_bytes() == original
    loaded = flavour.keras.models.load_model(folder / "model.recalibrated.keras")
    x = sys.modules["of_the_user"].x[:64]
    assert np.asarray(loaded.layers[-2].moving_mean) == pytest.approx(x.mean(0), rel=1e-5)
    assert len(loaded.optimizer.variables) > 1


def test_output_and_dry_run(
    flavour: Flavour, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(flavour.keras, folder / "model.keras")
    command = ["recalibrate", "model.keras", "--data", "of_the_user:data", "-o", "out.keras"]
    assert main([*command, "--dry-run"]) == 0
    assert "Nothing changed" in capsys.readouterr().out
    assert not (folder / "out.keras").exists()
    assert main(command) == 0
    assert (folder / "out.keras").exists()
    # right by now, with a little rounding: a second time it would be no better
    save_again = ["recalibrate", "out.keras", "--data", "of_the_user:data", "--dry-run"]
    assert main(save_again) in (0, 1)


def test_model_that_would_be_worse_is_told_by_the_exit_code(
    flavour: Flavour, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save(flavour.keras, folder / "model.keras")
    norm = model.layers[-2]
    norm.moving_mean.assign(np.full(4, 5.0))
    norm.moving_variance.assign(np.full(4, 4.0))  # of the distribution: the labels are made of it
    model.save(folder / "right.keras")
    code = main(["recalibrate", "right.keras", "--data", "of_the_user:data"])
    assert code == 1
    assert "the loss would go from" in capsys.readouterr().out
    assert not (folder / "right.recalibrated.keras").exists()


def test_loss_that_cannot_be_loaded_is_told(
    flavour: Flavour, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save(flavour.keras, folder / "model.keras")
    model.compile("sgd", loss=squared)
    model.save("own.keras")
    assert main(["recalibrate", "own.keras", "--data", "of_the_user:data"]) == 0
    printed, errors = capsys.readouterr()
    assert "own.keras is loaded without its loss and optimizer" in errors
    assert "outputs off" in printed
    assert "  loss" not in printed


@pytest.mark.parametrize(
    ("model", "data", "says"),
    [
        ("none.keras", "of_the_user:data", "there is no file none.keras"),
        ("model.keras", "of_the_user", "--data takes module:function"),
        ("model.keras", "no_such_module:data", "cannot import no_such_module"),
        ("model.keras", "of_the_user:absent", "has no function absent"),
        ("model.keras", "of_the_user:fails", "of_the_user:fails() failed: ZeroDivisionError"),
        ("broken.keras", "of_the_user:data", "cannot load broken.keras"),
    ],
)
def test_what_cannot_be_used(
    flavour: Flavour,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    data: str,
    says: str,
) -> None:
    save(flavour.keras, folder / "model.keras")
    (folder / "broken.keras").write_bytes(b"no model")
    assert main(["recalibrate", model, "--data", data]) == 2
    assert says in capsys.readouterr().err


def test_warns_of_data_of_another_scale(
    flavour: Flavour, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    x = np.random.default_rng(0).normal(5, 2, size=(100, 4))
    model = save(flavour.keras, folder / "model.keras")
    for times in (1.0, 255.0):
        norm = model.layers[-2]
        kept = norm.get_weights()[:2]
        norm.set_weights([*kept, x.mean(0) / times, x.var(0) / times**2])
        model.save(folder / "model.keras")
        assert main(["recalibrate", "model.keras", "--data", "of_the_user:data", "--dry-run"]) in (
            0,
            1,
        )
        printed, errors = capfd.readouterr()
        line = f"  warning: what enters {norm.name} is 255 times as large as what its moving"
        assert (line in printed) is (times == 255.0)
        assert "times as large" not in errors
