"""Implementations of papers."""

from __future__ import annotations

from benchmarks.public.program import END, Add, Cut, Program, Swap

_DCGANS = ["data", "module"]
_DCGANS += ["imlib/__init__", "imlib/basic", "imlib/dtype", "imlib/transform"]
_DCGANS += [
    f"pylib/{name}"
    for name in ("__init__", "argument", "path", "processing", "serialization", "timer")
]
_DCGANS += ["tf2gan/__init__", "tf2gan/loss", "tf2lib/__init__", "tf2lib/data/__init__"]
_DCGANS += ["tf2lib/data/dataset", "tf2lib/image/__init__", "tf2lib/image/image"]
_DCGANS += ["tf2lib/ops/__init__", "tf2lib/ops/ops", "tf2lib/utils/__init__", "tf2lib/utils/utils"]

PROGRAMS = (
    Program(
        name="sayakpaul_simsiam",
        judged={
            "BN101": (
                "true: the loop calls `f(ds_one)` and `h(z1)` without `training=True`: ResNet50, "
                "called with it, is trained, and the predictor is not, nor, on tf_keras, the last "
                "layer of the encoder"
            ),
            "BN203": (
                "true: of the batches of 8 that are patched in, of 64 in the original: one layer "
                "stands behind a Dense layer, and has a value a row"
            ),
            "BN108": "fact: the encoder is called for both views",
            "BN201": "true: after the few steps made here, with momentum 0.99",
        },
        repository="sayakpaul/SimSiam-TF",
        commit="e23dc3d0e6b75d0a33611490a942ef28ddd9269a",
        path="SimSiam_Pre_training.ipynb",
        rows=40,
        patches=(
            Cut("image = tfa.image.translate(", new="image = tf.roll(image, [4, 4], [0, 1])"),
            Swap("224", "64", times=6),
            Swap("BATCH_SIZE = 64", "BATCH_SIZE = 8"),
            Swap("range(25)", "range(8)"),
            Swap("tf.keras.experimental.CosineDecay", "tf.keras.optimizers.schedules.CosineDecay"),
            Swap("epochs=50", "epochs=2"),
            Add("h = get_predictor()", "_tb.watch(f, h)"),
            Add("            loss = train_step(", "_tb.step(f, h, loss=loss)"),
            Cut('f.save_weights("projection.h5")', END),
        ),
    ),
    Program(
        name="sayakpaul_barlow_twins",
        judged={
            "BN108": "fact: the encoder is called for both views",
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 512 in the original: the "
                "layers of the projector have a value a row"
            ),
        },
        repository="sayakpaul/Barlow-Twins-TF",
        commit="7e111e8cd4f107a3bf300104f5541ff293dbeb0e",
        path="Barlow_Twins.ipynb",
        also={
            "resnet20.py": (
                Swap("import experimental\n", "import Rescaling\n"),
                Swap("experimental.preprocessing.Rescaling", "Rescaling"),
            ),
            "lr_scheduler.py": (),
        },
        rows=96,
        patches=(
            Swap("PROJECT_DIM = 2048", "PROJECT_DIM = 64"),
            Swap("BATCH_SIZE = 512", "BATCH_SIZE = 8"),
            Swap("EPOCHS = 100", "EPOCHS = 1"),
            Swap("range(25)", "range(2)", times=2),
            Cut('barlow_twins.encoder.save("barlow_twins")'),
            Swap("tf.keras.experimental.CosineDecay", "tf.keras.optimizers.schedules.CosineDecay"),
            Swap("epochs=10", "epochs=1"),
        ),
    ),
    Program(
        name="lynnho_dcgan",
        judged={
            "BN108": (
                "fact: the generator is called twice a step, the discriminator three times, 2.05 "
                "and 3.05 as it is recorded between the two updates of a step"
            ),
            "BN201": "true: after the few steps made here, with momentum 0.99",
        },
        repository="LynnHo/DCGAN-LSGAN-WGAN-GP-DRAGAN-Tensorflow-2",
        commit="2bf0c8b6adbc5f0b9b0abb2149fe9cf47a978976",
        path="train.py",
        also={f"{name}.py": () for name in _DCGANS},
        arguments=("--batch_size", "8", "--epochs", "2"),
        rows=80,
        patches=(
            Cut("py.args_to_yaml("),
            Add("G_optimizer = ", "_tb.watch(G, D)"),
            Add("tl.summary(D_loss_dict", "_tb.step(G, D, loss=D_loss_dict['d_loss'])"),
        ),
    ),
    Program(
        name="krasserm_srgan",
        judged={
            "BN201": "true: after the few steps made here, with momentum 0.8",
            "BN108": "fact: the discriminator is called for real and for made images",
        },
        repository="krasserm/super-resolution",
        commit="179320c5cb005f57cd7e126cd8b3b669c793585a",
        path="train.py",
        also={
            "model/__init__.py": (),
            "model/common.py": (),
            "model/srgan.py": (Swap("tensorflow.python.keras", "tensorflow.keras", times=3),),
        },
        patches=(
            Swap("reset_states()", "reset_state()", times=3),
            Add(
                "            loss = self.train_step(lr, hr)",
                "_tb.step(self.checkpoint.model, loss=loss)",
            ),
            Add(
                "            pl, dl = self.train_step(lr, hr)",
                "_tb.step(self.generator, self.discriminator, loss=pl)",
            ),
            Add(
                "        return hr_loss + sr_loss",
                "made = _made_up.images(24, (96, 96, 3), 3)[0]\n"
                "pairs = tf.data.Dataset.from_tensor_slices((made[:, ::4, ::4], made))\n"
                "generator = srgan.generator(num_filters=8, num_res_blocks=2)\n"
                "discriminator = srgan.discriminator(num_filters=4)\n"
                "_tb.watch(generator, discriminator)\n"
                "trainer = SrganGeneratorTrainer(generator, checkpoint_dir='pre')\n"
                "trainer.train(pairs.batch(2), pairs.take(2).batch(1), 12, 6)\n"
                "SrganTrainer(generator, discriminator, 'VGG22').train(pairs.batch(2), 10)",
                indent=0,
            ),
        ),
    ),
    Program(
        name="zzh8829_yolov3",
        judged={
            "BN201": "true: after the few steps made here, with momentum 0.99",
        },
        repository="zzh8829/yolov3-tf2",
        commit="2784050f2fc1ff060f4c8b3ac2db231370569aa8",
        path="train.py",
        also={
            "yolov3_tf2/__init__.py": (),
            "yolov3_tf2/models.py": (),
            "yolov3_tf2/utils.py": (),
            "yolov3_tf2/dataset.py": (
                Cut(
                    "x_train = tf.image.decode_jpeg(\n",
                    "channels=3)",
                    "x_train = tf.constant(_made_up.images(16, (64, 64, 3), 3)[0])",
                ),
                Cut("x_train = tf.expand_dims(x_train, axis=0)"),
                Swap(
                    "y_train = tf.expand_dims(y_train, axis=0)",
                    "y_train = tf.repeat(y_train[None], 16, axis=0)",
                ),
            ),
        },
        arguments=(
            *("--tiny", "--mode", "eager_tf", "--size", "64", "--batch_size", "4"),
            *("--num_classes", "80", "--epochs", "3"),
        ),
        patches=(
            Swap("Adam(lr=", "Adam(learning_rate="),
            Swap("reset_states()", "reset_state()", times=2),
            Add("        avg_loss = tf.keras.metrics.Mean(", "_tb.watch(model)"),
            Add(
                "                avg_loss.update_state(total_loss)",
                "_tb.step(model, loss=total_loss)\n"
                "_tb.loss_reduction(\n"
                "    list(loss), list(labels), list(outputs),\n"
                "    [tf.reduce_sum(each) for each in pred_loss],\n"
                ")",
            ),
            Swap(
                "'checkpoints/yolov3_train_{}.tf'.format(epoch)",
                "'yolov3_{}.weights.h5'.format(epoch)",
            ),
        ),
    ),
    Program(
        name="peteryux_arcface",
        judged={
            "BN201": "true: after the few steps made here, with momentum 0.99",
            "BN203": (
                "true: of the batches of 8 that are patched in, of 128 in the original, and of "
                "images of 32 x 32: the last layers see 1 x 1"
            ),
        },
        repository="peteryuX/arcface-tf2",
        commit="dab13506a1b1d25346f0a8b6bf0130e19c3e33b3",
        path="train.py",
        also={
            "modules/models.py": (),
            "modules/layers.py": (
                Swap(
                    'self.add_variable(\n            "weights"',
                    'self.add_weight(\n            name="weights"',
                ),
            ),
            "modules/losses.py": (),
            "modules/utils.py": (Swap("import yaml\n", ""),),
            "modules/dataset.py": (
                Cut(
                    "x_train = tf.image.decode_jpeg(\n",
                    "return tf.data.Dataset.from_tensor_slices",
                    "x, y = _made_up.images(64, (size, size, 3), 8)\n"
                    "x, y = x.astype('float32') / 255, y.astype('float32')\n"
                    "return tf.data.Dataset.from_tensor_slices(((x, y), y)).batch(8).repeat()",
                ),
            ),
        },
        patches=(
            Swap(
                "cfg = load_yaml(FLAGS.cfg_path)",
                "cfg = dict(input_size=32, backbone_type='MobileNetV2', num_classes=8,\n"
                "    head_type='ArcHead', embd_shape=16, w_decay=5e-4, train_dataset='',\n"
                "    base_lr=0.01, sub_name='a', epochs=12, save_steps=1000, batch_size=8)",
            ),
            Swap("'/e_{epoch}_b_{batch}.ckpt'", "'/e.weights.h5'"),
        ),
    ),
)
