"""Tutorials of tensorflow.org."""

from __future__ import annotations

import functools

from benchmarks.public.program import END, Add, Cut, Program, Swap

_program = functools.partial(
    Program,
    repository="tensorflow/docs",
    commit="7c3650212740204359d4ceae481abc79345541be",
)

_PAIRS = """\
made = _made_up.images(12, (286, 286, 3), 3)[0].astype('float32') / 127.5 - 1
pairs = tf.data.Dataset.from_tensor_slices((255 - made, made))
pairs = pairs.map(lambda a, b: (a[:256, :256], b[:256, :256]))
train_dataset, test_dataset = pairs.batch(BATCH_SIZE), pairs.take(2).batch(BATCH_SIZE)
inp = made[0, :256, :256]"""

PROGRAMS = (
    _program(
        name="tf_docs_dcgan",
        judged={
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 256 in the original: one layer "
                "stands behind a Dense layer, and has a value a row"
            ),
        },
        path="site/en/tutorials/generative/dcgan.ipynb",
        rows=64,
        patches=(
            Swap("BATCH_SIZE = 256", "BATCH_SIZE = 8"),
            Swap("EPOCHS = 50", "EPOCHS = 2"),
            Add("EPOCHS = 2", "_tb.watch(generator, discriminator)"),
            Add("      train_step(image_batch)", "_tb.step(generator, discriminator)"),
            Cut("checkpoint.restore(", END),
        ),
    ),
    _program(
        name="tf_docs_pix2pix",
        judged={
            "BN111": (
                "fact: it follows from BN203: the bottleneck gives its beta, 0, to a ReLU, whose "
                "gradient at 0 is 0"
            ),
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: batches of 1 are the original's, and the bottleneck is 1 x 1: one value a "
                "channel, normalized to 0"
            ),
            "BN108": "fact: the discriminator is called for real and for made images",
        },
        path="site/en/tutorials/generative/pix2pix.ipynb",
        patches=(
            Cut("_URL = ", "plt.imshow(sample_image)"),
            Cut("inp, re = load(", "plt.imshow(re / 255.0)"),
            Cut("plt.figure(figsize=(6, 6))", "plt.show()"),
            Cut(
                "train_dataset = tf.data.Dataset.list_files(",
                "test_dataset = test_dataset.batch",
                _PAIRS,
            ),
            Swap("sample(512, 4", "sample(8, 4", times=9),
            Swap("sample(256, 4", "sample(8, 4", times=3),
            Swap("sample(128, 4", "sample(8, 4", times=3),
            Swap("sample(64, 4", "sample(8, 4", times=3),
            Swap("Conv2D(512, 4", "Conv2D(8, 4"),
            Swap("tf.keras.utils.plot_model(", "str(", times=2),
            Swap(", show_shapes=True, dpi=64", "", times=2),
            Swap("steps=40000", "steps=20"),
            Add("generator_optimizer = ", "_tb.watch(generator, discriminator)"),
            Add("    train_step(input_image, target, step)", "_tb.step(generator, discriminator)"),
            Cut("checkpoint.restore(", END),
        ),
    ),
    _program(
        name="tf_docs_transfer_learning",
        judged={
            "BN103": (
                "true: `fit` of this Keras overrules the `training=False` of the graph, which the "
                "text of the program relies on"
            ),
            "BN203": (
                "true: of the batches of 8 that are patched in, of 32 in the original, and of "
                "images of 32 x 32, of 160 x 160 there: the last layers see 1 x 1; they normalize "
                "by the batch only for BN103"
            ),
            "BN102": "fact: the program calls the base with `training=False`, on purpose",
            "BN111": (
                "fact: gammas of 1, with steps too small for float32: those of neighbours that "
                "moved are 6e-8 and 1.2e-7"
            ),
        },
        path="site/en/tutorials/images/transfer_learning.ipynb",
        patches=(
            Cut(
                "_URL = ",
                "class_names = train_dataset.class_names",
                "BATCH_SIZE, IMG_SIZE, class_names = 8, (32, 32), 'ab'\n"
                "made = tf.data.Dataset.from_tensor_slices(\n"
                "    _made_up.images(120, (32, 32, 3), 2)).batch(8)\n"
                "train_dataset, validation_dataset = made.take(10), made.skip(10)",
            ),
            Swap("min(plt.ylim())", "0"),
            Swap("range(9)", "range(8)", times=3),
            Swap("shape=(160, 160, 3)", "shape=(32, 32, 3)"),
            Cut("tf.keras.utils.plot_model("),
            Swap("initial_epochs = 10", "initial_epochs = 1"),
            Swap("fine_tune_epochs = 10", "fine_tune_epochs = 2"),
            Cut("image_batch, label_batch = test_dataset.as_numpy_iterator", END),
        ),
    ),
)
