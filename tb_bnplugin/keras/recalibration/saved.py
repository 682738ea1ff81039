"""A saved model recalibrated, with data that a function of the user's gives."""

from __future__ import annotations

import importlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tb_bnplugin.errors import SavedModelError
from tb_bnplugin.keras.named import call_function, load_function
from tb_bnplugin.keras.recalibration.run import recalibrate
from tb_bnplugin.measure.recalibration import Recalibration
from tb_bnplugin.printed import error_line


def recalibrate_file(
    path: str,
    data: str,
    output: str | None = None,
    *,
    tell: Callable[[str], None],
    **options: Any,
) -> tuple[Recalibration, str | None]:
    """Recalibrate the model of a file, and write it to another one where it changed.

    Args:
        path: of a `.keras` or `.h5` file.
        data: "module:function" of what gives the data; the module may also register the classes
            of the model. The present folder is looked in first.
        output: where the model is written; "NAME.recalibrated.keras" beside it if None.
        tell: is told what is not as one would expect.
        options: as for `recalibrate`.

    Returns:
        What was done, and the path that was written, None if nothing was.

    Raises:
        SavedModelError: the file, the module or the function cannot be used.
    """
    source = Path(path)
    if not source.is_file():
        raise SavedModelError(f"there is no file {path}")
    function = load_function(data, "--data")  # first: it may register classes of the model
    keras = _keras_of(source)
    model = _load(keras, source, tell)
    result = recalibrate(model, call_function(function, data), **options)
    if not result.applied:
        return result, None
    written = output or str(source.with_suffix(f".recalibrated{source.suffix}"))
    model.save(written)
    return result, written


def _keras_of(path: Path) -> Any:
    """The Keras that wrote a file: version 2 is tf_keras."""
    version = ""
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read("metadata.json"))
            version = str(metadata.get("keras_version", ""))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        pass  # an HDF5 file: whatever Keras is in use
    names: tuple[str, ...] = {"2": ("tf_keras",), "3": ("keras",)}.get(version[:1], ())
    if not names:
        legacy = os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")
        names = ("tf_keras",) if legacy else ("keras", "tf_keras")
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    wrote = f"Keras {version} wrote {path.name}, and " if version else ""
    raise SavedModelError(f"{wrote}{' or '.join(names)} is not installed")


def _load(keras: Any, path: Path, tell: Callable[[str], None]) -> Any:
    try:
        return keras.models.load_model(str(path))
    except Exception as error:  # noqa: BLE001  # a loss of the user's, perhaps
        try:
            model = keras.models.load_model(str(path), compile=False)
        except Exception:  # noqa: BLE001  # the first says more
            raise SavedModelError(f"cannot load {path}: {error_line(error)}") from error
        tell(f"{path} is loaded without its loss and optimizer ({error_line(error)})")
        return model
