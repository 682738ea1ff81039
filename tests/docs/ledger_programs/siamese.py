"""A siamese network: one encoder, called twice on the two halves of each pair."""

import keras
import numpy as np

import tb_bnplugin

keras.utils.set_random_seed(0)

encoder = keras.Sequential(
    [
        keras.Input((8,)),
        keras.layers.Dense(16),
        keras.layers.BatchNormalization(momentum=0.9, name="bn"),
        keras.layers.ReLU(),
        keras.layers.Dense(4, use_bias=False),  # it would cancel in the difference
    ],
    name="encoder",
)
left, right = keras.Input((8,)), keras.Input((8,))
distance = keras.layers.Subtract()([encoder(left), encoder(right)])
similar = keras.layers.Dense(1, activation="sigmoid")(distance)
model = keras.Model([left, right], similar, name="siamese")

random = np.random.default_rng(0)
pairs = [random.normal(size=(320, 8)).astype("float32") for _ in range(2)]
same = np.sign(pairs[0][:, :1]) == np.sign(pairs[1][:, :1])
held = [half[:32] for half in pairs], same[:32].astype("float32")

watches = [tb_bnplugin.watch(model)]
callback = tb_bnplugin.BatchNormCallback("logs/siamese")
model.compile("adam", "binary_crossentropy")
model.fit(
    pairs,
    same.astype("float32"),
    batch_size=16,
    epochs=2,
    validation_data=held,
    callbacks=[callback],
    verbose=0,
)

print("\n\n".join(watch.ledger() for watch in watches))
