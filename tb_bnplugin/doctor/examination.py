"""All questions put to one Keras."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.doctor import labels, losses, modes, replicas, statistics, trainable
from tb_bnplugin.doctor.bench import Bench
from tb_bnplugin.doctor.question import Fact, Question, answer

TOPICS: Final[dict[str, tuple[Question, ...]]] = {
    "Training mode": modes.QUESTIONS,
    "trainable and compile": trainable.QUESTIONS,
    "Moving statistics": statistics.QUESTIONS,
    "Labels of another shape": labels.QUESTIONS,
    "Losses and metrics": losses.QUESTIONS,
    "Replicas": replicas.QUESTIONS,
}
QUESTIONS: Final = tuple(question for group in TOPICS.values() for question in group)


@dataclass(frozen=True, kw_only=True)
class Examination:
    """The answers of one Keras."""

    keras: str  # "keras 3.15.1", as records name it
    facts: tuple[Fact, ...]  # in the order of QUESTIONS

    def to_json(self) -> dict[str, Any]:
        """The answers as `tb-bnplugin doctor --format json` prints them."""
        return {"keras": self.keras, "facts": [vars(fact) for fact in self.facts]}


def prepare() -> Any:
    """TensorFlow, on the processor alone and with two logical devices; the two replicas' strategy.

    Both must be asked for before TensorFlow starts; where it has started, what is there is used.
    One strategy serves both flavours: each numbers its collective operations from the same start.
    """
    tf = importlib.import_module("tensorflow")
    try:
        tf.config.set_visible_devices([], "GPU")
        processor = tf.config.list_physical_devices("CPU")[0]
        if tf.config.get_logical_device_configuration(processor) is None:
            one = tf.config.LogicalDeviceConfiguration()
            tf.config.set_logical_device_configuration(processor, [one, one])
    except RuntimeError:
        pass
    if len(tf.config.list_logical_devices("CPU")) < 2:
        return None
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def examine(keras: Any, strategy: Any = None, names: Collection[str] | None = None) -> Examination:
    """Ask one Keras all questions. It takes some seconds, and changes nothing.

    Args:
        keras: the module `keras` or `tf_keras`.
        strategy: two replicas (`prepare` gives them); without it nothing is said about replicas.
        names: only these questions; None: all.

    Raises:
        KeyError: a name that no question has.
    """
    unknown = set(names or ()) - {question.name for question in QUESTIONS}
    if unknown:
        raise KeyError(f"no question is named {', '.join(sorted(unknown))}")
    bench = Bench(keras=keras, tf=importlib.import_module("tensorflow"), strategy=strategy)
    with _quiet():
        facts = tuple(
            answer(question, bench, topic=topic)
            for topic, questions in TOPICS.items()
            for question in questions
            if names is None or question.name in names
        )
    name = keras.__name__.partition(".")[0]
    return Examination(keras=f"{name} {keras.__version__}", facts=facts)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of programs that are wrong on purpose."""
    logger = importlib.import_module("tensorflow").get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
