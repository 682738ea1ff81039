"""The report of `tb-bnplugin doctor`: the environment, and the answers of each installed Keras."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.doctor.environment import Environment, environment, installed
from tb_bnplugin.doctor.examination import Examination, examine, prepare
from tb_bnplugin.errors import CannotExamineError

FLAVOURS: Final = ("keras", "tf_keras")


@dataclass(frozen=True, kw_only=True)
class Report:
    """The environment, and the answers of each Keras."""

    environment: Environment
    examinations: tuple[Examination, ...]

    def to_json(self) -> dict[str, Any]:
        """As `tb-bnplugin doctor --format json` prints it."""
        return {
            "schema_version": 1,
            "environment": self.environment.to_json(),
            "keras": [examination.to_json() for examination in self.examinations],
        }


def report(flavour: str | None = None) -> Report:
    """Examine one Keras ("keras" or "tf_keras"), or each that is installed.

    For a process of its own: TensorFlow is started on the processor alone.

    Raises:
        CannotExamineError: nothing can be examined; the message says what to install.
    """
    if installed("tensorflow") is None:
        raise CannotExamineError('TensorFlow is not installed: pip install "tensorflow>=2.16"')
    wanted: Sequence[str] = FLAVOURS if flavour is None else (flavour,)
    # Not by the metadata: a Keras on PYTHONPATH counts, and a broken one does not.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = environment()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    strategy = _imported(prepare)
    modules, missing = [], []
    for name in wanted:
        try:
            modules.append(importlib.import_module(name))
        except ImportError as error:
            missing.append(f"{name} cannot be imported ({error})")
    if not modules:
        names = " tf_keras" if flavour == "tf_keras" else " keras"
        raise CannotExamineError(f"{', and '.join(missing)}: pip install{names}")
    examinations = tuple(examine(module, strategy) for module in modules)
    return Report(environment=found, examinations=examinations)


def _imported(prepare_tensorflow: Any) -> Any:
    try:
        return prepare_tensorflow()
    except ImportError as error:
        raise CannotExamineError(f"TensorFlow cannot be imported: {error}") from error
