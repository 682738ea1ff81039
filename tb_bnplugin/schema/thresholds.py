"""Thresholds that the recorder must know, each beside the rule that it serves.

Rules judge, and recording notes facts. These facts cost too much to be noted for every
threshold that a rule might choose, so that the recorder applies the rule's own.
"""

from __future__ import annotations

from typing import Final

START_VARIANCE_FACTOR: Final = 2.0
"""BN201: the starting value matters while it moves the variance by more than this factor,"""

START_MEAN_SHARE: Final = 0.5
"""... or the mean by more than this many standard deviations,"""

START_CHANNEL_SHARE: Final = 0.25
"""... in more than this share of the channels of a layer."""

FEW_VALUES: Final = (2, 16)
"""BN203: values per channel below which a batch is counted, as the columns are named."""

STALLED_CHANNELS_SHARE: Final = 0.5
"""BN205: a layer stands still where more than this share of its channels does."""

LEARNED_SHARE: Final = 0.5
"""BN207: share of the channels in which gamma and beta differ from their initializers once
trained."""

ALL_PAIRS_WITHIN: Final = 1e-3
"""LR104: a loss is that of all pairs of rows to within this, relative. Sums of 64 float32 terms in
another order differ by some 1e-6, in float16 by some 1e-3;"""

ALL_PAIRS_APART: Final = 0.02
"""... and differs by more than this from that of the rows, each by itself."""

REPLICA_VARIANCE_FACTOR: Final = 2.0
"""BN206: the replicas' copies of a variance are apart by more than this factor,"""

REPLICA_MEAN_SHARE: Final = 0.5
"""... or those of a mean by more than this many standard deviations."""
