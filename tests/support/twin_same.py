"""Pairs of steps that do the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.twin_pairs import (
    CLASSES, FEATURES, ROWS, Pair, batch, compiled, cross_entropy, diverging, loop, norm_net,
    one_hot, plain_net, same, simple,
)


@same
@same
@same
@same
@same
@same
@same
@same
@same
@same
@same
@same
@same
@same
