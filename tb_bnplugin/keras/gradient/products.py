"""The products of two gradients, added up over the classes of a place, or over rows."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True, kw_only=True)
class Products:
    """With d the gradient of what is differentiated, and g that of the reference; float64 each."""

    both: tf.Tensor  # d * g
    given: tf.Tensor  # d^2
    squared: tf.Tensor  # g^2
    several: bool  # numbers are in a row, as far as is known

    @classmethod
    def of(cls, d: tf.Tensor, g: tf.Tensor) -> Products:
        """The products [rows, ...], summed over the last axis of three or more."""
        rank = g.shape.rank
        products = (d * g, d * d, g * g)
        if rank is not None and rank >= 3:
            products = tuple(tf.reduce_sum(each, -1) for each in products)
        several = bool(rank) and g.shape[1:].num_elements() != 1
        return cls(both=products[0], given=products[1], squared=products[2], several=several)

    @property
    def all(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """All three."""
        return self.both, self.given, self.squared

    def by_row(self) -> Products:
        """The sums over each row [rows]; as they are where the rank is not known, or 0."""
        rank = self.squared.shape.rank
        if not rank:
            return self
        within = list(range(1, rank))
        both, given, squared = (tf.reduce_sum(each, within) for each in self.all)
        return Products(both=both, given=given, squared=squared, several=self.several)
