"""The reference of a gradient: Keras' mean of the compiled loss of one output."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.gradient import pairs, places
from tb_bnplugin.keras.gradient.behind import LOGITS, Activation
from tb_bnplugin.keras.gradient.products import Products
from tb_bnplugin.keras.losses.outputs import Part
from tb_bnplugin.keras.losses.resolve import resolve, weighted_mean


class Reference:
    """Keras' mean of the loss of one output, times its weight; and what else it is made of."""

    def __init__(self, part: Part, flavour: Flavour) -> None:
        self._loss = resolve(part.loss, flavour.keras)
        self._labels = part.labels
        self._weights = part.options.sample_weight
        weight = part.options.value
        self._weight = 1.0 if weight is None else tf.cast(tf.nest.flatten(weight)[0], tf.float64)
        self._activation: Activation | None = None

    def behind(self, activation: Activation) -> Reference:
        """The same loss, of the logits of its predictions."""
        reference = copy.copy(self)
        reference._activation = activation
        return reference

    def mean(self, predictions: tf.Tensor) -> tf.Tensor:
        """The mean. A label that is no class, as of padding, stands for the first one.

        TensorFlow refuses it in a loss of classes, and what a program does about that is not known.
        """
        return self._mean(predictions, self._possible(predictions))

    def gradient(self, predictions: tf.Tensor) -> tf.Tensor:
        """The gradient of the mean at predictions [rows, ...], of the same shape and dtype."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(predictions)
            mean = self.mean(predictions)
        return tape.gradient(mean, predictions)

    def value(self, predictions: tf.Tensor) -> tf.Tensor:
        """The mean; NaN with a label that is no class."""
        possible = self._possible(predictions)
        mean = self._mean(predictions, possible)
        if self._loss.keras_class != places.OF_CLASSES:
            return mean
        same = tf.reduce_all(tf.equal(tf.stop_gradient(self._labels), possible))
        return tf.where(same, mean, tf.constant(np.nan, tf.float64))

    def pair_sums(self, d: tf.Tensor, predictions: tf.Tensor) -> list[tf.Tensor]:
        """The sums of `pairs`; 0 each where they say nothing of this loss."""
        loss, labels = self._loss.per_element, self._labels
        if loss is None or self._weights is not None or not pairs.suit(predictions, labels):
            return [tf.zeros((), tf.float64)] * len(pairs.SUMS)

        def of_pairs(labels: Any, predictions: Any) -> Any:
            return loss(labels, self._made_of(predictions))

        return pairs.pair_sums(d, predictions, tf.cast(labels, predictions.dtype), of_pairs)

    def place_sums(self, products: Products, predictions: tf.Tensor) -> list[tf.Tensor]:
        """The sums of `places`; 0 each where they say nothing of this loss."""
        if not places.suit(predictions, self._labels, self._loss.keras_class):
            return [tf.zeros((), tf.float64)] * len(places.SUMS)
        labels = self._labels
        if self._loss.keras_class == places.OF_CLASSES:  # as many, or TensorFlow had refused them
            labels = tf.reshape(labels, tf.shape(products.squared))
        elif labels.shape.rank > products.squared.shape.rank:
            labels = tf.squeeze(labels, -1)
        return places.place_sums(products, labels)

    def _possible(self, predictions: tf.Tensor) -> tf.Tensor:
        labels = tf.stop_gradient(self._labels)
        if self._loss.keras_class != places.OF_CLASSES:
            return labels
        classes = tf.cast(tf.shape(predictions)[-1], labels.dtype)
        zero = tf.zeros((), labels.dtype)
        return tf.where((labels >= zero) & (labels < classes), labels, zero)

    def _made_of(self, values: tf.Tensor) -> tf.Tensor:
        if self._activation is None:
            return values
        predictions = self._activation(values)
        setattr(predictions, LOGITS, values)  # looked behind, as those of the model are
        return predictions

    def _mean(self, predictions: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        predictions = self._made_of(predictions)
        if self._loss.per_element is None:
            with suspend():
                values = self._loss.evaluate(labels, predictions, None)
        else:
            if predictions.dtype.is_floating and labels.dtype != predictions.dtype:
                labels = tf.cast(labels, predictions.dtype)
            values = self._loss.per_element(labels, predictions)
        return self._weight * weighted_mean(tf.convert_to_tensor(values), self._weights)
