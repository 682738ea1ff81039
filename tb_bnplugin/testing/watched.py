"""The value of the fixture: makes callbacks and watches, and knows what they found."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tb_bnplugin.testing.options import Wanted

if TYPE_CHECKING:
    from tb_bnplugin.callback import BatchNormCallback
    from tb_bnplugin.diagnose import Outcome
    from tb_bnplugin.training.watch import Watch


class BatchNorm:
    """The fixture `batch_norm`: watches the trainings of one test.

    Example:
        def test_training(batch_norm):
            model.fit(x, y, callbacks=[batch_norm.callback()])
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder = folder
        self._wanted = wanted
        self._watchers: list[BatchNormCallback | Watch] = []
        self._open = ExitStack()
        self.was_judged = False

    def callback(self, log_dir: Any = None, **options: Any) -> BatchNormCallback:
        """A `BatchNormCallback` for `fit`, which writes below `tmp_path`.

        Args:
            log_dir: another folder, or Keras' TensorBoard callback.
            options: of `BatchNormCallback`, such as `probe_data`.
        """
        from tb_bnplugin.callback import BatchNormCallback

        if log_dir is None:
            log_dir = self._next_folder()
        made = BatchNormCallback(log_dir, **self._with_defaults(options))
        self._watchers.append(made)
        return made

    def watch(self, model: Any, **options: Any) -> Watch:
        """A `Watch` of a model, for a loop; closed when the test is over.

        The loop makes the records, with `tb_bnplugin.summary.batch_norm(model, step=step)`. Until
        the test is over they go below `tmp_path`, unless the loop has a summary writer.

        Args:
            model: that the loop trains. Call this before its step is traced.
            options: of `tb_bnplugin.watch`, such as `optimizer`.
        """
        import tensorflow as tf

        from tb_bnplugin.training.summary_state import current_writer
        from tb_bnplugin.training.watch import watch

        made = self._open.enter_context(watch(model, **self._with_defaults(options)))
        if current_writer() is None:
            writer = tf.summary.create_file_writer(str(self._next_folder()))
            self._open.callback(writer.close)
            self._open.enter_context(writer.as_default())
        self._watchers.append(made)
        return made

    def findings(self) -> tuple[Outcome, ...]:
        """The findings so far of all that is watched, each once."""
        found = [each for watcher in self._watchers for each in watcher.findings()]
        return tuple(
            each for at, each in enumerate(found) if _key(each) not in map(_key, found[:at])
        )

    def wrong(self) -> str | None:
        """The reason why the test fails; None where it does not."""
        from tb_bnplugin.testing.recorded import was_recorded
        from tb_bnplugin.testing.texts import failure, nothing_recorded, nothing_watched

        self.was_judged = True
        if not self._watchers:
            return nothing_watched()
        if not any(was_recorded(each.outcomes()) for each in self._watchers):
            return nothing_recorded([each for w in self._watchers for each in w.outcomes()])
        found = [each for each in self.findings() if each.severity in self._wanted.failing]
        return failure(found) if found else None

    def report(self) -> str:
        """The findings so far as text, for a test that failed by itself; "" without any."""
        from tb_bnplugin.testing.texts import found_beside

        try:
            return found_beside(self.findings())
        except Exception as error:  # noqa: BLE001  # the test's own failure comes first
            return f"the findings cannot be read: {type(error).__name__}: {error}"

    def close(self) -> None:
        """Give the layers of watched models their own `call` back."""
        self._open.close()

    def _next_folder(self) -> Path:
        number = len(self._watchers)
        return self._folder / (f"batch_norm-{number}" if number else "batch_norm")

    def _with_defaults(self, options: dict[str, Any]) -> dict[str, Any]:
        expect = dict.fromkeys((*self._wanted.expect, *options.get("expect", ())))
        # Told by the failure of the test, with more lines than while it trains.
        return {"on_finding": "ignore", **options, "expect": tuple(expect)}


def _key(outcome: Outcome) -> tuple[object, ...]:
    return (outcome.code, outcome.model, outcome.layers, outcome.message)
