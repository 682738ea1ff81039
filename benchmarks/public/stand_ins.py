"""What a program gets instead of what is not there: data sets, and modules that only draw."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import numpy as np

from benchmarks.public import made_up

ARRAYS = {  # shape, classes, shape of a label
    "mnist": ((28, 28), 10, ()),
    "fashion_mnist": ((28, 28), 10, ()),
    "cifar10": ((32, 32, 3), 10, (1,)),
    "cifar100": ((32, 32, 3), 100, (1,)),
}

DRAWING = [
    *("matplotlib", "matplotlib.pyplot", "matplotlib.cm", "matplotlib.image", "seaborn"),
    *("IPython", "IPython.core", "IPython.core.magic", "IPython.display", "imageio", "cv2"),
    *("pandas", "wandb", "tensorflow_docs", "tensorflow_docs.vis", "tensorflow_docs.vis.embed"),
    *("tensorflow_addons", "google", "google.colab"),
    *("skimage", "skimage.io", "skimage.color", "skimage.transform"),
]


def install(keras: Any, rows: int) -> None:
    """Puts the stand-ins in place, for the process."""
    source = importlib.import_module(f"{keras.__name__}.src")
    new: dict[int, tuple[Any, Any]] = {}
    for name, (shape, classes, label) in ARRAYS.items():
        module = importlib.import_module(f"{source.__name__}.datasets.{name}")
        new[id(module.load_data)] = (module.load_data, _loader(rows, shape, classes, label))
    for name in dir(keras.applications):
        build = getattr(keras.applications, name)
        if name[0].isupper() and callable(build):
            new[id(build)] = (build, _pretrained(build))
    _replace(new)
    for name in DRAWING:
        if "." in name or importlib.util.find_spec(name) is None:
            sys.modules.setdefault(name, _drawing(name))
    sys.modules["tqdm"] = _tqdm()
    for name in ("tqdm.notebook", "tqdm.autonotebook", "tqdm.auto"):
        sys.modules[name] = sys.modules["tqdm"]
    sys.modules["tensorflow_datasets"] = _tensorflow_datasets(rows)


def _replace(new: dict[int, tuple[Any, Any]]) -> None:
    """Replaces functions wherever a module that is imported holds them."""
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in new:
                setattr(module, name, new[id(value)][1])


def _loader(rows: int, shape: tuple[int, ...], classes: int, label: tuple[int, ...]) -> Any:
    def load_data(*args: Any, **kwargs: Any) -> Any:
        def part(count: int, seed: int) -> Any:
            x, y = made_up.images(count, shape, classes, seed)
            return x, y.astype("uint8").reshape(count, *label)

        return part(rows, 0), part(max(rows // 4, 32), 1)

    return load_data


def _drawing(name: str) -> Any:
    module = MagicMock(name=name)
    module.__spec__ = importlib.util.spec_from_loader(name, loader=None)
    module.__path__ = []
    if name == "matplotlib.pyplot":
        module.subplots = _subplots
    parent, _, own = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], own, module)
    return module


def _subplots(nrows: int = 1, ncols: int = 1, **kwargs: Any) -> Any:
    axes = np.empty((nrows, ncols), object)
    for place in np.ndindex(axes.shape):
        axes[place] = MagicMock()
    return MagicMock(), axes.squeeze() if axes.size > 1 else axes[0, 0]


def _tqdm() -> types.ModuleType:
    class Bar:
        """A bar of progress that shows nothing."""

        def __init__(self, iterable: Any = (), **kwargs: Any) -> None:
            self.iterable = iterable

        def __iter__(self) -> Iterator[Any]:
            yield from self.iterable

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *args: object) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            return lambda *args, **kwargs: None

    module = types.ModuleType("tqdm")
    module.tqdm = module.trange = module.tnrange = Bar  # type: ignore[attr-defined]
    module.tqdm_notebook = Bar  # type: ignore[attr-defined]
    module.trange = lambda *sizes, **kwargs: Bar(range(*sizes))  # type: ignore[attr-defined]
    module.__path__ = []
    return module


def _tensorflow_datasets(rows: int) -> types.ModuleType:
    """`tfds.load` of images with a label; names that it does not know are an error."""
    import tensorflow as tf

    kinds = {
        "mnist": ((28, 28, 1), 10),
        "cifar10": ((32, 32, 3), 10),
        "cats_vs_dogs": ((64, 64, 3), 2),
        "tf_flowers": ((64, 64, 3), 5),
        "oxford_flowers102": ((64, 64, 3), 102),
        "stanford_dogs": ((64, 64, 3), 120),
        "svhn_cropped": ((32, 32, 3), 10),
    }

    def one(name: str, seed: int, *, supervised: bool, batch: int | None) -> Any:
        shape, classes = kinds[name]
        x, y = made_up.images(rows if seed == 0 else max(rows // 4, 32), shape, classes, seed)
        y = y.astype("int64")
        parts = (x, y) if supervised else {"image": x, "label": y}
        made = tf.data.Dataset.from_tensor_slices(parts)
        return made if batch is None else made.batch(batch)

    def load(
        name: str,
        split: Any = None,
        *,
        with_info: bool = False,
        as_supervised: bool = False,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        name = name.partition(":")[0]
        classes = kinds[name][1]

        def get(seed: int) -> Any:
            return one(name, seed, supervised=as_supervised, batch=batch_size)

        if split is None:
            loaded: Any = {"train": get(0), "test": get(1), "validation": get(1)}
        elif isinstance(split, (list, tuple)):
            loaded = [get(number) for number, _ in enumerate(split)]
        else:
            loaded = get(0 if str(split).startswith("train") else 1)
        info = MagicMock()
        info.features = {"label": types.SimpleNamespace(num_classes=classes, names=["a"] * classes)}
        return (loaded, info) if with_info else loaded

    module = types.ModuleType("tensorflow_datasets")
    module.load = load  # type: ignore[attr-defined]
    module.disable_progress_bar = lambda: None  # type: ignore[attr-defined]
    return module


def _pretrained(build: Any) -> Any:
    """`weights="imagenet"` gives the starting weights, and moving statistics of some data."""

    def made(*args: Any, **kwargs: Any) -> Any:
        asked = kwargs.get("weights", "imagenet")
        if not args and asked == "imagenet":
            kwargs["weights"] = None
        model = build(*args, **kwargs)
        if not args and asked == "imagenet":
            rng = np.random.default_rng(0)
            for layer in model.layers:
                if hasattr(layer, "moving_variance"):
                    mean, variance = layer.moving_mean, layer.moving_variance
                    mean.assign(rng.normal(0, 0.1, mean.shape))
                    variance.assign(rng.uniform(0.8, 1.2, variance.shape))
        return model

    return made
