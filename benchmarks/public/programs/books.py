"""Notebooks of books."""

from __future__ import annotations

import functools

from benchmarks.public.program import END, Add, Cut, Program, Swap

_foster = functools.partial(
    Program,
    repository="davidADSP/Generative_Deep_Learning_2nd_Edition",
    commit="9b1048dbe0d698b486ed16d529cf16fcd3aea29d",
    folder="",
    also={"notebooks/utils.py": ()},
    files={"output/empty": ""},
)
_chollet = functools.partial(
    Program,
    repository="fchollet/deep-learning-with-python-notebooks",
    commit="dea84a4e12cc3bb3cb61ce952a0168bca113d315",
)
_geron = functools.partial(
    Program,
    repository="ageron/handson-ml3",
    commit="e3f3f9e66d58cfa1d068a498433063a1d3fba9ef",
)

_NO_CHECKPOINT = (
    Cut("model_checkpoint_callback = callbacks.ModelCheckpoint(", ")\n"),
    Cut("        model_checkpoint_callback,"),
)

PROGRAMS = (
    _foster(
        name="foster_cnn",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="notebooks/02_deeplearning/02_cnn/cnn.ipynb",
        patches=(Swap("epochs=10", "epochs=4"), Swap("batch_size=32", "batch_size=16")),
    ),
    _foster(
        name="foster_dcgan",
        judged={
            "BN108": "fact: the discriminator is called for real and for made images",
            "BN201": "true: after the few steps made here, with momentum 0.9",
        },
        path="notebooks/04_gan/01_dcgan/dcgan.ipynb",
        patches=(
            Swap("BATCH_SIZE = 128", "BATCH_SIZE = 8"),
            Swap("EPOCHS = 300", "EPOCHS = 2"),
            Cut(
                "train_data = utils.image_dataset_from_directory(",
                ")\n",
                "made = _made_up.images(80, (IMAGE_SIZE, IMAGE_SIZE, CHANNELS), 3)[0]\n"
                "train_data = tf.data.Dataset.from_tensor_slices(made).batch(BATCH_SIZE)",
            ),
            Cut("display(train_sample)"),
            *_NO_CHECKPOINT,
            Swap("    512, kernel_size=4", "    16, kernel_size=4", times=2),
            Swap("    256, kernel_size=4", "    16, kernel_size=4", times=2),
            Swap("    128, kernel_size=4", "    16, kernel_size=4", times=2),
            Cut('generator.save("./models/generator")', END),
        ),
    ),
    _foster(
        name="foster_vae_faces",
        judged={
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 128 in the original: one layer "
                "stands behind a Dense layer, and has a value a row"
            ),
        },
        path="notebooks/03_vae/03_vae_faces/vae_faces.ipynb",
        also={"notebooks/utils.py": (), "notebooks/03_vae/03_vae_faces/vae_utils.py": ()},
        patches=(
            Swap("BATCH_SIZE = 128", "BATCH_SIZE = 8"),
            Swap("NUM_FEATURES = 128", "NUM_FEATURES = 16"),
            Swap("EPOCHS = 10", "EPOCHS = 2"),
            Cut(
                "train_data = utils.image_dataset_from_directory(",
                ")\n",
                "made = _made_up.images(80, (IMAGE_SIZE, IMAGE_SIZE, CHANNELS), 3)[0]\n"
                "train_data = tf.data.Dataset.from_tensor_slices(made).batch(BATCH_SIZE)",
            ),
            Cut("display(train_sample, cmap=None)"),
            Cut("for i in range(self.num_img):", "img.save("),
            *_NO_CHECKPOINT,
            Swap("(np.prod(shape_before_flattening))", "(int(np.prod(shape_before_flattening)))"),
            Cut('vae.save("./models/vae")', END),
        ),
    ),
    _chollet(
        name="chollet_xception",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="chapter09_convnet-architecture-patterns.ipynb",
        flavours=("keras",),
        patches=(
            Swap('os.environ["KERAS_BACKEND"] = "jax"', 'os.environ["KERAS_BACKEND"]'),
            Cut(
                "import kagglehub",
                'new_base_dir / "test",',
                "batch_size, image_size = 8, 48\ndict(",
            ),
            Add(
                "import tensorflow as tf",
                "made = tf.data.Dataset.from_tensor_slices(_made_up.images(120, (48, 48, 3), 2))\n"
                "train_dataset = made.batch(8).take(10)\n"
                "validation_dataset = made.batch(8).skip(10)",
            ),
            Swap("shape=(180, 180, 3)", "shape=(48, 48, 3)"),
            Swap("[32, 64, 128, 256, 512]", "[8, 16, 16]"),
            Swap("epochs=100", "epochs=2"),
        ),
    ),
    _geron(
        name="geron_batch_norm",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="11_training_deep_neural_networks.ipynb",
        patches=(
            Cut("def sigmoid(z):", "fashion_mnist = tf.keras.datasets", keep=True),
            Swap("[:-5000]", "[:-32]", times=2),
            Swap("[-5000:]", "[-32:]", times=2),
            Cut("pixel_means = ", "z * sigmoid(beta * z)"),
            Cut("def approx_gelu(z):", 'save_fig("gelu_swish_mish_plot")'),
            Cut("optimizer = tf.keras.optimizers.SGD(clipvalue=1.0)", END),
        ),
    ),
    _geron(
        name="geron_dcgan",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="17_autoencoders_gans_and_diffusion_models.ipynb",
        patches=(
            Swap('os.environ["TF_USE_LEGACY_KERAS"] = "1"', "import numpy as np"),
            Cut(
                "encoder = tf.keras.Sequential([tf.keras.layers.Dense(2)])",
                "fashion_mnist =",
                keep=True,
            ),
            Swap("[:-5000]", "[:-32]", times=2),
            Swap("[-5000:]", "[-32:]", times=2),
            Cut(
                "X_train, X_valid =",
                "codings_size = 30",
                "X_train = X_train_full\ncodings_size = 30",
            ),
            Cut(
                "generated_images = generator.predict(codings)",
                "codings_size = 100",
                "codings_size = 100",
            ),
            Cut("plot_multiple_images(generated_images.numpy(), 8)", new="pass"),
            Cut("plot_multiple_images(generated_images, 8)"),
            Swap("batch_size = 32", "batch_size = 8", times=2),
            Swap("codings_size, n_epochs=50)", "codings_size, n_epochs=1)", times=2),
            Swap("gan.compile(", "_tb.watch(gan)\ngan.compile(", times=2),
            Add("gan.train_on_batch(noise, y2)", "_tb.step(gan)"),
            Cut("def variance_schedule(", END),
        ),
    ),
)
