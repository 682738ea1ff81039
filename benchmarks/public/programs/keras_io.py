"""Examples of keras.io as they were before Keras 3, from a fork of its repository."""

from __future__ import annotations

import functools

from benchmarks.public.program import END, Add, Cut, Program, Swap

_program = functools.partial(
    Program,
    repository="LukeWood/keras-io",
    commit="e4799e8c9e6e0eb990f0ebfb197d88bf78ec0ae4",
)

PROGRAMS = (
    _program(
        name="keras_io_wgan_gp",
        judged={
            "BN111": (
                "fact: the critic's last bias cancels in mean(fake) - mean(real), and the penalty "
                "takes gradients by the input"
            ),
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 512 in the original: one layer "
                "stands behind a Dense layer, and has a value a row"
            ),
        },
        path="examples/generative/wgan_gp.py",
        patches=(
            Swap("BATCH_SIZE = 512", "BATCH_SIZE = 8"),
            Swap("epochs = 20", "epochs = 1"),
            Swap("train_images - 127.5", "train_images[:80] - 127.5"),
            Cut("from IPython.display", END),
        ),
    ),
    _program(
        name="keras_io_vae",
        path="examples/generative/vae.py",
        patches=(
            Swap("epochs=30, batch_size=128", "epochs=2, batch_size=16"),
            Cut("import matplotlib.pyplot", END),
        ),
    ),
    _program(
        name="keras_io_siamese_network",
        judged={
            "BN106": (
                "true: `train_step` calls the inner model without `training=True`, so no layer is "
                "told"
            ),
            "BN101": (
                "true: `train_step` calls the inner model without `training=True`; the two new "
                "layers keep mean 0 and variance 1"
            ),
            "BN102": (
                "true: the same call leaves the trainable layers of ResNet50 in inference mode"
            ),
        },
        path="examples/vision/siamese_network.py",
        patches=(
            Swap("target_shape = (200, 200)", "target_shape = (32, 32)"),
            Cut(
                "anchor_images = sorted(",
                "dataset = dataset.map(preprocess_triplets)",
                "image_count = 100\n"
                "made = _made_up.images(image_count, (32, 32, 3), 4)[0].astype('float32') / 255\n"
                "dataset = tf.data.Dataset.from_tensor_slices((made, 0.9 * made, made[::-1]))",
            ),
            Swap("batch(32", "batch(8", times=2),
            Swap("epochs=10", "epochs=1"),
        ),
    ),
    _program(
        name="keras_io_pointnet",
        path="examples/vision/pointnet.py",
        patches=(
            Cut("import trimesh"),
            Cut("DATA_DIR = tf.keras.utils.get_file(", "DATA_DIR = os.path.join("),
            Cut("mesh = trimesh.load(", "plt.show()"),
            Cut(
                "train_points, test_points, train_labels",
                ")",
                (
                    "made = np.random.default_rng(0).normal(size=(160, NUM_POINTS, 3))\n"
                    "labels = np.arange(160) % NUM_CLASSES\n"
                    "made[:, :, 0] *= 1 + labels[:, None]\n"
                    "train_points, test_points, train_labels, test_labels, CLASS_MAP = (\n"
                    "    made[:128], made[128:], labels[:128], labels[128:], {})"
                ),
            ),
            Swap("NUM_POINTS = 2048", "NUM_POINTS = 64"),
            Swap("BATCH_SIZE = 32", "BATCH_SIZE = 16"),
            Swap("epochs=20", "epochs=2"),
            Cut("data = test_dataset.take(1)", END),
        ),
    ),
    _program(
        name="keras_io_reptile",
        judged={
            "BN101": "true: the loop calls `model(images)` without `training=True`",
            "LR103": (
                "true: `sparse_categorical_crossentropy` of 25 rows goes to the tape as a vector"
            ),
        },
        path="examples/vision/reptile.py",
        patches=(
            Swap("meta_iters = 2000", "meta_iters = 2"),
            Cut(
                'ds = tfds.load("omniglot"',
                new="made, labels = _made_up.images(200, (35, 35, 3), 10, seed=len(split))\n"
                "ds = tf.data.Dataset.from_tensor_slices((made, labels))",
            ),
            Add("optimizer = keras.optimizers.SGD(", "_tb.watch(model)"),
            Add(
                "    new_vars = model.get_weights()",
                "    _tb.loss_reduction(\n"
                "        keras.losses.sparse_categorical_crossentropy, labels, preds, loss\n"
                "    )",
                before=True,
            ),
            Swap(
                "optimizer.apply_gradients(zip(grads, model.trainable_weights))",
                "optimizer.apply_gradients(zip(grads, model.trainable_weights)); "
                "_tb.step(model, loss=loss)",
                times=3,
            ),
            Cut("window_length = 100", END),
        ),
    ),
    _program(
        name="keras_io_convmixer",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="examples/vision/convmixer.py",
        patches=(
            Swap("import tensorflow_addons as tfa\n", ""),
            Swap("tfa.optimizers.AdamW(", "keras.optimizers.AdamW("),
            Swap("batch_size = 128", "batch_size = 16"),
            Swap("num_epochs = 10", "num_epochs = 2"),
            Swap('"' + "/tmp" + '/checkpoint"', '"checkpoint.weights.h5"'),
            Swap("filters=256, depth=8", "filters=32, depth=2"),
            Cut("def visualization_plot(", END),
        ),
    ),
    _program(
        name="keras_io_timeseries",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="examples/timeseries/timeseries_classification_from_scratch.py",
        patches=(
            Cut(
                "root_url = ",
                "x_test, y_test = readucr(",
                "x_train, y_train = _made_up.series(160, 60)\n"
                "x_test, y_test = _made_up.series(64, 60, seed=1)",
            ),
            Cut("keras.utils.plot_model("),
            Swap("epochs = 500", "epochs = 5"),
        ),
    ),
    _program(
        name="keras_io_transfer_learning",
        judged={
            "BN103": (
                "true: `fit` of this Keras overrules the `training=False` of the graph, which the "
                "text of the program relies on; a model of two layers shows it too"
            ),
            "BN102": "fact: the program calls the base with `training=False`, on purpose",
            "BN111": (
                "fact: their gradients are about 2e-9 with the weights made up here, too small "
                "for Adam's epsilon; the steps are lost in rounding"
            ),
        },
        path="guides/transfer_learning.py",
        rows=40,
        patches=(
            Swap("size = (150, 150)", "size = (71, 71)"),
            Swap("(150, 150, 3)", "(71, 71, 3)", times=6),
            Swap("batch_size = 32", "batch_size = 4"),
            Swap("epochs = 20", "epochs = 1"),
            Swap("epochs = 10", "epochs = 1"),
        ),
    ),
    _program(
        name="keras_io_ddim",
        path="examples/generative/ddim.py",
        patches=(
            Swap("from keras import layers", "from tensorflow.keras import layers"),
            Swap("dataset_repetitions = 5", "dataset_repetitions = 1"),
            Swap("image_size = 64", "image_size = 16"),
            Swap("batch_size = 64", "batch_size = 8"),
            Swap("widths = [32, 64, 96, 128]", "widths = [8, 16]"),
            Swap("experimental.AdamW", "AdamW"),
            Swap("plot_diffusion_steps = 20", "plot_diffusion_steps = 2"),
            Swap("kid_diffusion_steps = 5", "kid_diffusion_steps = 2"),
            Swap('"checkpoints/diffusion_model"', '"model.weights.h5"'),
            Cut("model.load_weights(checkpoint_path)", END),
        ),
    ),
    _program(
        name="keras_io_adamatch",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="examples/vision/adamatch.py",
        patches=(
            Swap("from keras_cv.layers import RandAugment\n", ""),
            Cut("augmenter = RandAugment(", new="augmenter = lambda image: 255 - image"),
            Swap("SOURCE_BATCH_SIZE = 64", "SOURCE_BATCH_SIZE = 4"),
            Swap("TARGET_BATCH_SIZE = 3 *", "TARGET_BATCH_SIZE = 1 *"),
            Swap("EPOCHS = 10", "EPOCHS = 1"),
            Swap("DEPTH = 28", "DEPTH = 10"),
            Swap("WIDTH_MULT = 2", "WIDTH_MULT = 1"),
        ),
        rows=80,
    ),
)
