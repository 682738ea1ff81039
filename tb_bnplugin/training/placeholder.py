"""A loss that is measured where no model is watched: a placeholder stands for the model."""

from __future__ import annotations

import time
import weakref
from dataclasses import replace
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.flavour import imported_flavour
from tb_bnplugin.measure.reading import Moment, Observation
from tb_bnplugin.schema.facts import Graph, LossFacts, ModelCode, ModelFacts, Phase
from tb_bnplugin.training.observer import PROCESS_STARTED
from tb_bnplugin.training.publisher import Extra, Publisher, Target
from tb_bnplugin.training.run import Run

NAME: Final = "loop"

_publishers: weakref.WeakKeyDictionary[Run, Publisher] = weakref.WeakKeyDictionary()


def publisher_of(run: Run) -> Publisher:
    """The publisher of the placeholder of a run."""
    return _publishers.setdefault(run, Publisher(NAME))


def add(publisher: Publisher, vector: Any, facts: LossFacts, given: int, target: Target) -> bool:
    """Record a loss where no model is watched, with the facts of none."""
    at, _ = target.run.place(given, f"{NAME}/loss/{facts.name}", beside=NAME)
    now = time.time()
    moment = Moment(
        step=at,
        reason="cadence",
        evaluations=0,
        predictions=0,
        process_started=PROCESS_STARTED,
        wall_time=now,
    )
    phase = publisher.phase or Phase(
        number=1, step=at, wall_time=now, reason="watch", process_started=PROCESS_STARTED
    )
    measured = {loss.name: loss for loss in phase.measured_losses}
    if facts.name not in measured:
        phase = replace(phase, measured_losses=(*phase.measured_losses, facts))
    observed = Observation(phase=phase, facts=None if publisher.phase else _facts_of_none())
    extra = Extra(kind="loss", value=vector, name=facts.name)
    return publisher.publish(observed, moment, target, [extra])


def _facts_of_none() -> ModelFacts:
    return ModelFacts(
        name=NAME,
        code=ModelCode(model_class="", subclassed=False, call_accepts_training=None),
        keras=str(imported_flavour()),
        tensorflow=str(tf.__version__),
        replicas=int(tf.distribute.get_strategy().num_replicas_in_sync),
        trained_by="loop",
        expect=(),
        layers=(),
        graph=Graph(),
        process_started=PROCESS_STARTED,
    )
