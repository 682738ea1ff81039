from __future__ import annotations

import numpy as np

from tb_bnplugin.dashboard.payload.cells import CELLS, Axis, axis_of, means, training_share
from tests.support.histories import create_history, inference_columns

WHOLE = Axis(first=0.0, last=400.0)


def test_steps_lie_in_equal_parts_and_the_last_in_the_last() -> None:
    at = WHOLE.of(np.array([0.0, 9.9, 10.0, 399.0, 400.0]))
    assert at.tolist() == [0, 0, 1, CELLS - 1, CELLS - 1]


def test_one_step_has_one_part() -> None:
    axis = axis_of([7.0], ())
    assert axis is not None
    assert axis.cells == 1
    assert axis.of(np.array([7.0])).tolist() == [0]
    assert axis_of((), ()) is None


def test_mean_leaves_out_what_is_not_finite() -> None:
    steps, values = np.array([1.0, 2.0, 3.0, 11.0]), np.array([1.0, np.nan, 3.0, np.inf])
    given = means(WHOLE, steps, values)
    assert given[0] == 2.0
    assert np.isnan(given[1:]).all()


def test_largest_numbers_have_a_mean() -> None:
    largest = np.full(4, np.finfo(np.float64).max)
    assert np.isfinite(means(WHOLE, np.arange(4.0), largest)[0])


def test_share_counts_the_layers_of_all_models_where_they_ran_for_training() -> None:
    steps = range(1, 401)
    right = create_history(steps=steps, layers=3)
    wrong = create_history(steps=steps, layers=1, columns=inference_columns(steps))
    assert training_share(WHOLE, [right]).tolist() == [1.0] * CELLS
    assert training_share(WHOLE, [wrong]).tolist() == [0.0] * CELLS
    assert training_share(WHOLE, [right, wrong]).tolist() == [0.75] * CELLS


def test_part_without_a_record_is_as_the_one_before_and_after_the_last_nothing_is_known() -> None:
    history = create_history(steps=(101, 301), layers=1)
    shares = training_share(WHOLE, [history])
    assert np.isnan(shares[:10]).all()
    assert shares[10:31].tolist() == [1.0] * 21
    assert np.isnan(shares[31:]).all()
