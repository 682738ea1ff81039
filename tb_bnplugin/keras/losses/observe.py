"""The classes of a model's compiled losses and metrics, and what they were given when traced.

`fit` hands a callback neither labels nor predictions. The objects in which Keras keeps the
losses and metrics of a model are observed instead, while a step is traced: nothing is added
to the graph, and nothing runs in a step.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.flavour import Flavour, flavour_of
from tb_bnplugin.keras.losses import compiled, naming, output_data
from tb_bnplugin.keras.losses.output_data import OutputData
from tb_bnplugin.keras.losses.resolve import takes_logits
from tb_bnplugin.keras.losses.watched_container import WatchedContainer
from tb_bnplugin.schema.facts import LossFacts, MetricFacts


class LossObserver:
    """The compiled losses and metrics of one model, from now on and across `compile`.

    Raises:
        TypeError: `model` is no Keras model.
    """

    def __init__(self, model: Any, guard: Guard) -> None:
        self._guard = guard
        self._flavour: Flavour = flavour_of(model)
        self._model = weakref.ref(model)
        self._losses: WatchedContainer | None = None
        self._metrics: WatchedContainer | None = None
        self.refresh()

    def refresh(self) -> None:
        """Follows the model to what a later `compile` made; call it when a fit begins."""
        model = self._model()
        if model is None:
            return
        try:
            self._losses = self._follow(
                self._losses, compiled.loss_container(model), "__call__", self._split_losses
            )
            self._metrics = self._follow(
                self._metrics, compiled.metric_container(model), "update_state", self._split_metrics
            )
        except Exception as error:  # noqa: BLE001  # Keras' containers are private
            self._guard.fail("compiled_losses", error)

    def close(self) -> None:
        """Gives the observed objects their own classes back."""
        for watched in (self._losses, self._metrics):
            if watched is not None:
                watched.release()
        self._losses = self._metrics = None

    def losses(self) -> tuple[LossFacts, ...]:
        """The compiled losses, one an output, with what they were given in training.

        Shapes are None before the first trace, and where a step of the user's own never calls
        the compiled loss.
        """
        watched = self._losses
        if watched is None:
            return ()
        try:
            named = self._named_losses(watched)
        except Exception as error:  # noqa: BLE001
            self._guard.fail("compiled_losses", error)
            return ()
        facts = []
        for index, (name, loss) in enumerate(named):
            given = watched.at(index)
            loss_class, reduction = naming.loss_class(self._flavour, loss)
            facts.append(
                LossFacts(
                    name=name,
                    loss_class=loss_class,
                    reduction=reduction,
                    label_shape=given.label_shape,
                    prediction_shape=given.prediction_shape,
                    label_dtype=given.label_dtype,
                    prediction_dtype=given.prediction_dtype,
                    weighted=given.weighted,
                    carries_logits=given.carries_logits,
                    from_logits=takes_logits(loss),
                )
            )
        return tuple(facts)

    def metrics(self) -> tuple[MetricFacts, ...]:
        """The compiled metrics with what Keras made of their names; empty before the first step."""
        watched = self._metrics
        if watched is None:
            return ()
        try:
            parts = compiled.metric_parts(self._flavour, watched.container)
            asked = naming.asked_names(watched.container)
        except Exception as error:  # noqa: BLE001
            self._guard.fail("compiled_losses", error)
            return ()
        facts = []
        for part in parts:
            given = watched.at(part.output)
            metric_class = naming.metric_class(self._flavour, part.metric)
            facts.append(
                MetricFacts(
                    name=part.name,
                    compiled_as=naming.asked(part.name, asked) or metric_class,
                    metric_class=metric_class,
                    label_shape=given.label_shape,
                    prediction_shape=given.prediction_shape,
                    label_dtype=given.label_dtype,
                    prediction_dtype=given.prediction_dtype,
                )
            )
        return tuple(facts)

    def _named_losses(self, watched: WatchedContainer) -> list[tuple[str, Any]]:
        container = watched.container
        if container.built:
            parts = compiled.loss_parts(self._flavour, container)
            return [(part.name, part.loss) for part in parts]
        return compiled.asked_losses(self._flavour, container)

    def _follow(
        self,
        watched: WatchedContainer | None,
        container: Any,
        method: str,
        split: Callable[..., Any],
    ) -> WatchedContainer | None:
        if watched is not None and watched.container is container:
            return watched
        if watched is not None:
            watched.release()
        if container is None:
            return None
        return WatchedContainer(
            container, method, split, self._guard, aligns=not self._flavour.is_keras_3
        )

    def _split_losses(self, container: Any, *given: Any) -> list[OutputData | None]:
        return output_data.loss_data(self._flavour, container, *given)

    def _split_metrics(self, container: Any, *given: Any) -> list[OutputData | None]:
        return output_data.metric_data(self._flavour, container, *given)
