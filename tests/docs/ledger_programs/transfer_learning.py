"""Transfer learning in two phases: a frozen base with a new head, then both together."""

import keras
import numpy as np

import tb_bnplugin

keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
x = random.normal(size=(128, 8)).astype("float32")
y = (x[:, 0] > 0).astype("float32")

inputs = keras.Input((8,))
features = keras.layers.Dense(16)(inputs)
features = keras.layers.BatchNormalization(momentum=0.9, name="bn")(features)
base = keras.Model(inputs, features, name="base")
pretrained = keras.Sequential([base, keras.layers.Dense(1, activation="sigmoid")])
pretrained.compile("adam", "binary_crossentropy")
pretrained.fit(x, y, epochs=10, verbose=0)

base.trainable = False
inputs = keras.Input((8,))
features = base(inputs, training=False)  # to stay in inference mode in the second phase too
outputs = keras.layers.Dense(1, activation="sigmoid")(features)
model = keras.Model(inputs, outputs, name="transferred")
new_y = (x[:, 1] > 0).astype("float32")

watches = [tb_bnplugin.watch(model)]
callback = tb_bnplugin.BatchNormCallback("logs/transfer_learning", on_finding="ignore")
fit = {"batch_size": 32, "epochs": 5, "callbacks": [callback], "verbose": 0}
model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy")
model.fit(x, new_y, **fit)

base.trainable = True
model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy")
model.fit(x, new_y, **fit)
model.predict(x, batch_size=64, verbose=0)

print("\n\n".join(watch.ledger() for watch in watches))
