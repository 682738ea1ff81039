"""Programs and tests of libraries."""

from __future__ import annotations

from benchmarks.public.program import Add, Program, Swap

_KERAS = "3422977a5e38fb2f7709aaa9a08e47f0c43d0f60"

PROGRAMS = (
    Program(
        name="keras_distributed",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        repository="keras-team/keras",
        commit=_KERAS,
        path="integration_tests/tf_distribute_training_test.py",
        flavours=("keras",),
        patches=(Swap("(5000, ", "(400, ", times=2),),
    ),
    Program(
        name="keras_custom_tf_workflow",
        judged={
            "LR101": "true: `ops.sum` over rows and outputs, with SGD",
            "LR102": "fact: 32 rows times 4 outputs are 128",
        },
        repository="keras-team/keras",
        commit=_KERAS,
        path="examples/demo_custom_tf_workflow.py",
        flavours=("keras",),
        patches=(
            Swap("from keras import backend", "import keras as backend"),
            Add("optimizer = optimizers.SGD(", "_tb.watch(model)"),
            Add(
                "    loss = train_step(data)",
                "_tb.step(model, loss=loss)\n_tb.loss_reduction(loss_fn, data[1], model(data[0]))",
            ),
        ),
    ),
    Program(
        name="keras_tcn_mnist",
        judged={"BN201": "true: after the few steps made here, with momentum 0.99"},
        repository="philipperemy/keras-tcn",
        commit="7576256b8b2a138b88ae2483b8616681686e424f",
        path="tasks/mnist_pixel/main.py",
        folder="",
        also={
            "tasks/mnist_pixel/utils.py": (
                Swap(
                    "reshape(-1, img_rows * img_cols, 1)",
                    "reshape(-1, img_rows * img_cols, 1)[:, ::8]",
                    times=2,
                ),
            ),
            "tcn/__init__.py": (),
            "tcn/tcn.py": (),
        },
        patches=(
            Swap("range(9)", "range(3)"),
            Swap("# use_weight_norm=True", "use_batch_norm=True"),
            Swap("epochs=100", "epochs=3"),
        ),
    ),
)
