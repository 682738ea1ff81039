"""The held batch of a probe: as it is given, of a dataset, or of the validation data of `fit`."""

from __future__ import annotations

from typing import Any, Final

VALIDATION: Final = "validation"
"""`probe_data`: the first batch of the validation data of `fit`."""

_OF_ARRAYS: Final = ("ArrayDataAdapter", "TensorLikeDataAdapter")
"""Adapters of arrays, in Keras 3 and tf_keras: an iteration of their dataset changes nothing."""


def take_batch(data: Any) -> tuple[Any, ...]:
    """One batch, (x, y) or (x, y, sample_weight), of what `probe_data` may be.

    A batch is what it is; of a dataset, a generator or a Keras `Sequence` the first one is taken.

    Raises:
        ValueError: there is no such batch; the text names what was received.
    """
    batch = data
    if not isinstance(data, (tuple, list)):
        indexed = hasattr(data, "__getitem__") and hasattr(data, "on_epoch_end")
        if indexed:
            batch = data[0]
        elif hasattr(data, "__next__") or hasattr(data, "element_spec"):
            batch = next(iter(data), None)
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        what = f"{len(batch)} parts" if isinstance(batch, (tuple, list)) else type(batch).__name__
        of = "" if batch is data else f" as the first batch of a {type(data).__name__}"
        raise ValueError(
            "probe_data must be one batch, (x, y) or (x, y, sample_weight), a dataset or a"
            f' generator of such, or "validation"; received {what}{of}'
        )
    return tuple(batch)


def validation_adapter(model: Any) -> Any:
    """Keras' adapter of the data that a running `fit` validates on; None where there is none."""
    iterator = getattr(model, "_eval_epoch_iterator", None)  # Keras 3
    handler = getattr(model, "_eval_data_handler", None)  # tf_keras
    return getattr(iterator, "data_adapter", getattr(handler, "_adapter", None))


def take_validation_batch(adapter: Any) -> tuple[Any, ...] | None:
    """The first batch of an adapter of arrays; None of others, and without labels.

    Datasets and generators are the user's: to begin an iteration might draw from them.
    """
    if type(adapter).__name__ not in _OF_ARRAYS:
        return None
    make: Any = getattr(adapter, "get_tf_dataset", None) or adapter.get_dataset
    batch = next(iter(make()), None)
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else ()
    return parts if len(parts) in (2, 3) else None
