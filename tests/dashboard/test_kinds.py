from __future__ import annotations

import pytest

from tb_bnplugin.dashboard.kinds import kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("loss", "loss"),
        ("batch_loss", "loss"),
        ("dense_loss", "loss"),
        ("epoch_val_loss", "loss"),
        ("Loss/train", "loss"),
        ("trainLoss", "loss"),
        ("losses/total", "loss"),
        ("epoch_mse", "loss"),
        ("mae", "loss"),
        ("epoch_accuracy", "accuracy"),
        ("val_accuracy", "accuracy"),
        ("sparse_categorical_accuracy", "accuracy"),
        ("acc", "accuracy"),
        ("learning_rate", "other"),
        ("acceleration", "other"),
        ("lossy", "other"),
        ("spread", "other"),
    ],
)
def test_kind_follows_from_the_name(name: str, kind: str) -> None:
    assert kind_of(name) == kind
