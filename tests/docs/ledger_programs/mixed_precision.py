"""A mixed-precision run: the layers compute in float16, moving statistics stay float32."""

import keras
import numpy as np

import tb_bnplugin

keras.utils.set_random_seed(0)
keras.mixed_precision.set_global_policy("mixed_float16")

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(8, 3),
        keras.layers.BatchNormalization(momentum=0.9, name="bn"),
        keras.layers.ReLU(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, dtype="float32"),
    ],
    name="mixed",
)
keras.mixed_precision.set_global_policy("float32")

random = np.random.default_rng(0)
x = random.normal(size=(320, 8, 8, 1)).astype("float32")
y = random.integers(0, 3, 320)

watches = [tb_bnplugin.watch(model)]
callback = tb_bnplugin.BatchNormCallback("logs/mixed_precision")
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss_fn, metrics=["accuracy"])
model.fit(
    x,
    y,
    batch_size=16,
    epochs=2,
    validation_data=(x[:32], y[:32]),
    callbacks=[callback],
    verbose=0,
)
model.predict(x, batch_size=64, verbose=0)

print("\n\n".join(watch.ledger() for watch in watches))
