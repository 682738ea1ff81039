"""Pairs of a step of `fit` and one of a loop that part, after `benchmarks/findings`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.twin_pairs import (
    CLASSES, FEATURES, ROWS, Pair, batch, compiled, cross_entropy, diverging, loop, norm_net,
    one_hot, plain_net, same, simple,
)


@diverging("modes", "(norm): training mode in fit, inference mode in train_step")
@diverging("loss", "10 times the loss of fit, the outputs of a row (10)")
@diverging("optimizer", "factor 10")
@diverging("loss", "train_step differentiates 10 times the loss of plain fit")
@diverging("metrics", "accuracy")
@diverging("metrics", "loss is")
@diverging("loss", "32 times the loss of fit, the rows (32)")
@diverging("loss", "a tensor (32,) is differentiated")
@diverging("loss", "0.1 times the loss of fit, divided by the outputs of a row (10)")
@diverging("loss", "1024 times the loss of fit")
@diverging("loss", "another loss")
@diverging("loss", "another loss")
@diverging("loss", "another loss")
@diverging("regularization", "(hidden/kernel): once in the loss of fit, not in that of train_step")
@diverging("regularization", "once in the loss of fit, twice in that of train_step")
@diverging("regularization", "(hidden (add_loss)): once in the loss of fit, not in that")
@diverging("inputs", "mean")
@diverging("inputs", "fit calls the model once on 32 rows, train_step 4 times on 8 rows")
@diverging("modes", "(dropout): training mode in fit, inference mode in train_step")
@diverging("modes", "(norm): training mode in first, inference mode (frozen) in second")
@diverging("gradients", "hands over")
@diverging("gradients", "get a gradient in fit, and none in train_step")
@diverging("optimizer", "SGD (learning rate 0.1) against SGD (learning rate 0.01)")
@diverging("optimizer", "SGD (learning rate 0.1) against Adam (learning rate 0.1)")
@diverging("optimizer", "clipvalue 0.0001")
@diverging("statistics", "(norm) move in fit, and not in train_step")
