"""Programs of courses and collections of examples."""

from __future__ import annotations

import functools

from benchmarks.public.program import END, Add, Cut, Program, Swap

_dragen = functools.partial(
    Program,
    repository="dragen1860/TensorFlow-2.x-Tutorials",
    commit="9861a308283d17693d497fdfaab20b92c0b26d08",
)
_yunyang = functools.partial(
    Program,
    repository="YunYang1994/TensorFlow2.0-Examples",
    commit="299fd6689f242d0f647a96b8844e86325e9fcb46",
)
_damien = functools.partial(
    Program,
    repository="aymericdamien/TensorFlow-Examples",
    commit="6dcbe14649163814e72a22a999f20c5e247ce988",
)

PROGRAMS = (
    _dragen(
        name="dragen_resnet",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="08-ResNet/main.py",
        rows=160,
        patches=(Swap("batch_size = 32", "batch_size = 8"),),
    ),
    _dragen(
        name="dragen_inception",
        judged={"BN101": "true: the loop calls `model(x)` without `training=True`"},
        path="07-Inception/main.py",
        patches=(
            Swap("batch(256)", "batch(16)", times=2),
            Swap("for epoch in range(100)", "for epoch in range(2)"),
            Swap("reset_states()", "reset_state()"),
            Add("acc_meter = keras.metrics.Accuracy()", "_tb.watch(model)"),
            Add(
                "optimizer.apply_gradients(",
                "_tb.step(model, loss=loss)\n"
                "_tb.loss_reduction(criteon, tf.one_hot(y, depth=10), logits, loss)",
            ),
        ),
    ),
    _dragen(
        name="dragen_vgg",
        judged={"BN101": "true: the loop calls `model(x)` without `training=True`"},
        path="06-CIFAR-VGG/main.py",
        also={"06-CIFAR-VGG/network.py": ()},
        rows=96,
        patches=(
            Swap("batch(256)", "batch(8)", times=2),
            Swap("range(250)", "range(1)"),
            Swap("reset_states()", "reset_state()", times=2),
            Add("optimizer = optimizers.Adam(", "_tb.watch(model)"),
            Add(
                "optimizer.apply_gradients(",
                "_tb.step(model, loss=loss)\n_tb.loss_reduction(criteon, y, logits, loss)",
            ),
        ),
    ),
    _dragen(
        name="dragen_dcgan",
        judged={
            "BN108": "fact: the generator is called twice a step, the discriminator three times",
            "BN201": "true: after the few steps made here, with momentum 0.99",
        },
        path="13-DCGAN/main.py",
        also={"13-DCGAN/gan.py": (Swap("self.n_f = 512", "self.n_f = 64"),)},
        rows=64,
        patches=(
            Cut("from    scipy.misc import toimage"),
            Cut("toimage(final_image"),
            Swap("epochs = 3000000", "epochs = 20"),
            Swap("batch_size = 128", "batch_size = 8"),
            Add("d_optimizer = keras.optimizers.Adam(", "_tb.watch(generator, discriminator)"),
            Add("g_optimizer.apply_gradients(", "_tb.step(generator, discriminator, loss=d_loss)"),
        ),
    ),
    _yunyang(
        name="yunyang_resnet",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        path="3-Neural_Network_Architecture/main.py",
        also={
            "3-Neural_Network_Architecture/resnet.py": (
                Swap("64", "8", times=3),
                Swap("128,", "8,"),
                Swap("256,", "8,"),
                Swap("512,", "8,"),
            )
        },
        rows=160,
        patches=(
            Swap("batch_size = 32", "batch_size = 16"),
            Swap("EPOCHS = 50", "EPOCHS = 2"),
            Swap("reset_states()", "reset_state()", times=4),
            Add("optimizer = ", "_tb.watch(model)"),
            Add("        train_step(images, labels)", "_tb.step(model)"),
        ),
    ),
    _yunyang(
        name="yunyang_dcgan",
        judged={
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 256 in the original: one layer "
                "stands behind a Dense layer, and has a value a row"
            ),
        },
        path="6-Generative_Adversarial_Networks/dcgan.py",
        rows=64,
        patches=(
            Swap("BATCH_SIZE  = 256", "BATCH_SIZE  = 8"),
            Swap("EPOCHS = 50", "EPOCHS = 2"),
            Add("noise_dim = 100", "_tb.watch(generator, discriminator)"),
            Add("            train_step(image_batch)", "_tb.step(generator, discriminator)"),
            Cut("get_ipython()", END, "train(train_dataset, EPOCHS)"),
        ),
    ),
    _damien(
        name="damien_dcgan",
        judged={
            "BN108": "fact: the generator is called twice a step, the discriminator three times",
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 128 in the original: a layer "
                "of each network stands behind a Dense layer, and has a value a row"
            ),
        },
        path="tensorflow_v2/notebooks/3_NeuralNetworks/dcgan.ipynb",
        patches=(
            Swap("training_steps = 20000", "training_steps = 20"),
            Swap("batch_size = 128", "batch_size = 8"),
            Add("discriminator = Discriminator()", "_tb.watch(generator, discriminator)"),
            Add(
                "    gen_loss, disc_loss = run_optimization(batch_x)",
                "_tb.step(generator, discriminator, loss=disc_loss)",
            ),
            Cut("import matplotlib.pyplot", END),
        ),
    ),
)
