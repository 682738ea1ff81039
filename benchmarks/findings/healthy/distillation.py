"""A trained teacher in inference mode guides a smaller student, in an overridden `train_step`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/examples/vision/knowledge_distillation/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    teacher = dense_net(keras, units=96, use_bias=False, momentum=0.9, name="teacher")
    student = dense_net(keras, units=24, use_bias=False, momentum=0.9, name="student")
    teacher.compile(keras.optimizers.Adam(3e-3), loss_fn)
    teacher.fit(data.x, data.y, batch_size=48, epochs=6, verbose=0)

    class Distiller(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.student, self.teacher = student, teacher

        def call(self, x: Any, training: Any = None) -> Any:
            return self.student(x, training=training)

        def train_step(self, batch: Any) -> Any:
            x, y = batch
            soft = tf.nn.softmax(self.teacher(x, training=False) / 3.0)
            with tf.GradientTape() as tape:
                outputs = self.student(x, training=True)
                guided = keras.losses.categorical_crossentropy(
                    soft, outputs / 3.0, from_logits=True
                )
                loss = 0.2 * loss_fn(y, outputs) + 0.8 * 9.0 * tf.reduce_mean(guided)
            descend(self.optimizer, tape, loss, self.student.trainable_variables)
            return {"loss": loss}

    distiller = Distiller()
    distiller.compile(keras.optimizers.Adam(3e-3))
    distiller.fit(data.x, data.y, batch_size=48, epochs=8, verbose=0, callbacks=bench.callbacks())
    right = accuracy(student.predict(data.x_val, verbose=0), data.y_val)
    bench.healthy(right > 0.93, f"the student's validation accuracy {right:.3f} is above 0.93")
    bench.final(distiller)
