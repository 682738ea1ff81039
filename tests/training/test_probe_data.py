"""The held batch is taken of what `probe_data` may be, and the training stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense

BATCHES = [(X[:8], Y[:8]), (X[8:24], Y[8:24])]


def rows_of_probe(folder: Path) -> list[float]:
    probe = read_model(folder).probe
    return [] if probe is None else probe.moving["batch"].tolist()


def trained(flavour: Flavour, callbacks: Any, **options: Any) -> list[Any]:
    flavour.keras.utils.set_random_seed(2)
    model = compile_tiny(create_dense(flavour.keras))
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks, **options)
    return [np.asarray(weight) for weight in model.get_weights()]


def generate() -> Iterator[Any]:
    yield from BATCHES


def test_the_first_batch_of_a_dataset_is_taken(
    flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    dataset = tensorflow.data.Dataset.from_tensor_slices((X, Y)).batch(24)
    trained(flavour, [create(tmp_path, probe_data=dataset)])
    assert rows_of_probe(tmp_path) == [24.0, 24.0]


def test_the_first_batch_of_a_generator_is_taken_and_gone(flavour: Flavour, tmp_path: Path) -> None:
    generator = generate()
    trained(flavour, [create(tmp_path, probe_data=generator)])
    assert rows_of_probe(tmp_path) == [8.0, 8.0]
    assert len(next(generator)[0]) == 16


def test_the_first_batch_of_a_sequence_is_taken(flavour: Flavour, tmp_path: Path) -> None:
    base: Any = getattr(flavour.keras.utils, "PyDataset", flavour.keras.utils.Sequence)

    class Data(base):
        def __len__(self) -> int:
            return len(BATCHES)

        def __getitem__(self, index: int) -> Any:
            return BATCHES[index]

    trained(flavour, [create(tmp_path, probe_data=Data())])
    assert rows_of_probe(tmp_path) == [8.0, 8.0]


@pytest.mark.parametrize(
    "options", [{"validation_data": (X[:20], Y[:20])}, {"validation_split": 0.5}]
)
def test_validation_arrays_give_their_first_batch(
    flavour: Flavour, tmp_path: Path, options: Any
) -> None:
    plain = trained(flavour, [], **options)
    watched = trained(
        flavour, [create(tmp_path, probe_data="validation")], validation_batch_size=12, **options
    )
    assert rows_of_probe(tmp_path) == [12.0, 12.0]
    for one, other in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_validation_generator_loses_no_batch(flavour: Flavour, tmp_path: Path) -> None:
    def endless() -> Iterator[Any]:
        while True:  # each batch has another loss
            for begin in range(0, 24, 4):
                yield X[begin : begin + 4], Y[begin : begin + 4]

    def validate(callbacks: Any) -> list[float]:
        flavour.keras.utils.set_random_seed(2)
        model = compile_tiny(create_dense(flavour.keras))
        options = {"validation_data": endless(), "validation_steps": 1, "verbose": 0}
        losses: list[float] = model.fit(X, Y, callbacks=callbacks, **options).history["val_loss"]
        return losses

    plain = validate([])
    with pytest.warns(RuntimeWarning, match="does not probe 'tiny'.*fit validates on no arrays"):
        watched = validate([create(tmp_path, probe_data="validation")])
    assert watched == plain
    assert rows_of_probe(tmp_path) == []


def test_without_validation_nothing_is_probed(flavour: Flavour, tmp_path: Path) -> None:
    trained(flavour, [create(tmp_path, probe_data="validation")])
    assert rows_of_probe(tmp_path) == []


@pytest.mark.parametrize("data", ["train", X, iter([]), iter([X]), iter([(X, Y, Y, Y)]), {"x": X}])
def test_what_holds_no_batch_is_refused(tmp_path: Path, data: Any) -> None:
    with pytest.raises(ValueError, match="probe_data must be one batch"):
        tb_bnplugin.BatchNormCallback(tmp_path, probe_data=data)
