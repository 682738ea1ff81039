"""Training as most users write it, for the programs in which this is not the point."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def descend(optimizer: Any, tape: Any, loss: Any, variables: Any) -> None:
    """One step of an optimizer, down the gradients of a loss."""
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def training_step(model: Any, optimizer: Any, loss_of: Any) -> Any:
    """A traced function of a batch `(x, y)`: one step in training mode. It gives the loss."""

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    return train_step


def training_step_with_outputs(model: Any, optimizer: Any, loss_of: Any) -> Any:
    """The same, but gives the loss and the model's outputs."""

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = loss_of(y, outputs)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, outputs

    return train_step


def fit(
    model: Any, train: Any, held: Any, callbacks: list[Any], *, batch_size: int, **options: Any
) -> dict[str, list[float]]:
    """`model.fit`, with a validation after each epoch. Gives the history of what was logged.

    Args:
        model: compiled.
        train: pair of inputs and labels.
        held: such a pair for the validation.
        callbacks: of the program and of the bench.
        batch_size: rows a step.
        options: of `model.fit`, such as `epochs`.
    """
    x, y = train
    history: dict[str, list[float]] = model.fit(
        x,
        y,
        batch_size=batch_size,
        validation_data=held,
        verbose=0,
        callbacks=callbacks,
        **options,
    ).history
    return history
