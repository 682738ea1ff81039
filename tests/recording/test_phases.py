"""Steps never go back within a process: fits, compiles and callbacks begin phases."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Flavour
from tests.recording.logs import create, read, read_model
from tests.recording.tiny import compile_tiny, create_dense, fit


def test_two_fits_with_a_compile_between_are_two_phases(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    compile_tiny(model)
    fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 21))
    assert [(phase.step, phase.reason) for phase in history.facts.phases] == [
        (1, "fit"),
        (11, "compile"),
    ]
    assert history.model("phase").tolist() == [1] * 10 + [2] * 10
    assert history.model("iterations").tolist() == [*range(1, 11), *range(1, 11)]
    assert history.layer("training_tape")[:, 0].tolist() == list(range(1, 21))


def test_a_new_callback_in_the_same_folder_goes_on(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path)])
    fit(model, callbacks=[create(tmp_path)])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 21))
    assert [phase.step for phase in history.facts.phases] == [1, 11]
    assert history.layer("training_tape")[-1, 0] == 20


def test_a_new_folder_starts_at_step_one(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path / "a")])
    fit(model, callbacks=[create(tmp_path / "b")])
    for name in ("a", "b"):
        history = read_model(tmp_path / name)
        assert history.steps.tolist() == list(range(1, 11))
        assert [layer.path for layer in history.facts.layers] == ["bn"]


def test_two_models_in_one_folder_keep_apart(flavour: Flavour, tmp_path: Path) -> None:
    one, two = (compile_tiny(create_dense(flavour.keras, "same")) for _ in range(2))
    callback = create(tmp_path)
    fit(one, callbacks=[callback])
    fit(two, callbacks=[callback])
    models = {model.facts.name: model for model in read(tmp_path)["batch_norm"].models}
    assert sorted(models) == ["same", "same_1"]
    assert models["same"].steps.tolist() == list(range(1, 11))
    assert models["same_1"].steps.tolist() == list(range(11, 21))
