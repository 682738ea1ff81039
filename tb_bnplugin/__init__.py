"""Batch normalization and loss reduction of Keras trainings, recorded and checked.

With `fit`:

    batch_norm = tb_bnplugin.BatchNormCallback("logs")
    model.fit(x, y, callbacks=[batch_norm])
    print(batch_norm.findings())

With a training loop of your own:

    with tb_bnplugin.watch(model) as watch, tf.summary.create_file_writer("logs").as_default():
        for step, (x, y) in enumerate(dataset, start=1):
            train_step(x, y)
            tb_bnplugin.summary.batch_norm(model, step=step)
        print(watch.findings())

`tensorboard --logdir logs` shows the tab "Batch Norm"; `tb-bnplugin check logs` prints findings.

    BatchNormCallback    records while `fit` trains
    watch                starts to count the modes of a model's layers, before a loop is traced
    Watch                the watched model: findings(), outcomes(), ledger(), evaluating(), close()
    summary              the ops that record in a loop: batch_norm, loss_reduction, probe
    check                runs all rules on a log folder
    preflight            what training will do, by a few steps that are taken back
    PreflightReport      the result of `preflight`: findings(), outcomes, facts, ok()
    twin                 one step of `fit` and one of a loop from the same weights: where they part
    TwinReport           the result of `twin`: the first divergence, all others, same()
    recalibrate          estimates the moving statistics anew from data ("precise BN")
    Recalibration        its result: what changed, and the score before and after
    RecalibrateCallback  recalibrates in `fit`, before each validation and at the end
    show                 opens TensorBoard on the tab "Batch Norm" inside a notebook
    Report               the result of `check`: its runs, outcomes and findings
    RunReport            the part of a report about one run
    Outcome              the answer of one rule: a finding, ok, or not checked with the reason
    BatchNormError       base of all errors of this package
    LogFolderError       a log folder cannot be read, or holds no record of this plugin
    NotebookError        the tab cannot be shown: no notebook, or no TensorBoard
    NotBuiltError        a model has no variables yet: call it on a batch first
    StrategyError        a model of a distribution strategy that cannot be recorded
    UnknownRuleError     no rule has this code
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tb_bnplugin import summary as summary
    from tb_bnplugin.callback import BatchNormCallback as BatchNormCallback
    from tb_bnplugin.diagnose.outcome import Outcome as Outcome
    from tb_bnplugin.errors import BatchNormError as BatchNormError
    from tb_bnplugin.errors import LogFolderError as LogFolderError
    from tb_bnplugin.errors import NotBuiltError as NotBuiltError
    from tb_bnplugin.errors import NotebookError as NotebookError
    from tb_bnplugin.errors import StrategyError as StrategyError
    from tb_bnplugin.errors import UnknownRuleError as UnknownRuleError
    from tb_bnplugin.keras.recalibration.run import recalibrate as recalibrate
    from tb_bnplugin.logs.check import Report as Report
    from tb_bnplugin.logs.check import RunReport as RunReport
    from tb_bnplugin.logs.check import check as check
    from tb_bnplugin.measure.recalibration import Recalibration as Recalibration
    from tb_bnplugin.notebook import show as show
    from tb_bnplugin.preflights.preflight import preflight as preflight
    from tb_bnplugin.preflights.report import PreflightReport as PreflightReport
    from tb_bnplugin.training.recalibrating import RecalibrateCallback as RecalibrateCallback
    from tb_bnplugin.training.watch import Watch as Watch
    from tb_bnplugin.training.watch import watch as watch
    from tb_bnplugin.twins.report import TwinReport as TwinReport
    from tb_bnplugin.twins.twin import twin as twin

__version__: Final = "0.1.0"

__all__ = [
    "BatchNormCallback",
    "BatchNormError",
    "LogFolderError",
    "NotBuiltError",
    "NotebookError",
    "Outcome",
    "PreflightReport",
    "RecalibrateCallback",
    "Recalibration",
    "Report",
    "RunReport",
    "StrategyError",
    "TwinReport",
    "UnknownRuleError",
    "Watch",
    "__version__",
    "check",
    "preflight",
    "recalibrate",
    "show",
    "summary",
    "twin",
    "watch",
]

# Imported when first used: TensorBoard loads this package where TensorFlow is not installed,
# and training runs where TensorBoard is not.
_MODULES: Final = {
    "BatchNormCallback": "tb_bnplugin.callback",
    "BatchNormError": "tb_bnplugin.errors",
    "LogFolderError": "tb_bnplugin.errors",
    "NotBuiltError": "tb_bnplugin.errors",
    "NotebookError": "tb_bnplugin.errors",
    "Outcome": "tb_bnplugin.diagnose.outcome",
    "PreflightReport": "tb_bnplugin.preflights.report",
    "RecalibrateCallback": "tb_bnplugin.training.recalibrating",
    "Recalibration": "tb_bnplugin.measure.recalibration",
    "Report": "tb_bnplugin.logs.check",
    "RunReport": "tb_bnplugin.logs.check",
    "StrategyError": "tb_bnplugin.errors",
    "TwinReport": "tb_bnplugin.twins.report",
    "UnknownRuleError": "tb_bnplugin.errors",
    "Watch": "tb_bnplugin.training.watch",
    "check": "tb_bnplugin.logs.check",
    "preflight": "tb_bnplugin.preflights.preflight",
    "recalibrate": "tb_bnplugin.keras.recalibration.run",
    "show": "tb_bnplugin.notebook",
    "summary": "tb_bnplugin.summary",
    "twin": "tb_bnplugin.twins.twin",
    "watch": "tb_bnplugin.training.watch",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    loaded = importlib.import_module(module)
    return loaded if module.endswith(f".{name}") and name == "summary" else getattr(loaded, name)


def __dir__() -> list[str]:
    return sorted(__all__)
