"""The callback that recalibrates while `fit` trains."""

from __future__ import annotations

from typing import Any

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.hooks import Hooks
from tb_bnplugin.keras.recalibration.run import recalibrate
from tb_bnplugin.measure.recalibration import Recalibration


class Recalibrating(Hooks):
    """Recalibrates while `fit` trains; `RecalibrateCallback` has the arguments, and a log."""

    def __init__(
        self,
        data: Any,
        steps: int | None = None,
        *,
        before_validation: bool = True,
        at_end: bool = True,
        verbose: bool = False,
        **options: Any,
    ) -> None:
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise TypeError(
                f"RecalibrateCallback has no argument {unknown[0]!r}; those of recalibrate are"
                f" {', '.join(sorted(_OPTIONS))}"
            )
        if hasattr(data, "__next__"):
            raise TypeError(
                "a generator gives its batches once, and RecalibrateCallback goes through the data"
                " several times: give a tf.data.Dataset, a Sequence or arrays"
            )
        self.params: dict[str, Any] = {}
        self.results: list[Recalibration] = []
        self._given = (data, steps)
        self._options = options
        self._at = {"validation": before_validation, "end": at_end}
        self._verbose = verbose
        self._training = False
        self._due = False  # steps were made since the last
        self._guard = Guard("the model")

    def __deepcopy__(self, memo: dict[int, Any]) -> Recalibrating:
        """A callback with the same options and data, which are not copied, for another model."""
        made: Recalibrating = object.__new__(type(self))
        memo[id(self)] = made
        vars(made).update(vars(self))
        made.results, made._model = [], None
        return made

    def set_params(self, params: dict[str, Any] | None) -> None:
        """Called by Keras with what `fit` was given."""
        self.params = params or {}

    def set_model(self, model: Any) -> None:
        """Called by Keras with the model that will be trained."""
        self.model = model
        self._guard = Guard(str(model.name))

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002  # as Keras prescribes
        """A fit begins."""
        self._training, self._due = True, False

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """A step was made."""
        self._due = True

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """A validation of this fit, or an evaluation of its own, begins."""
        if self._training and self._at["validation"]:
            self._recalibrate()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """The fit ended."""
        self._training = False
        if self._at["end"]:
            self._recalibrate()

    def _recalibrate(self) -> None:
        if not self._due:
            return
        self._due = False
        # What goes wrong here, with data of the user's, does not end a training of hours.
        result = self._guard.attempt("recalibration", self._run)
        if result is not None:
            self.keep(result)
            if self._verbose:
                print(f"\n{result}", flush=True)  # noqa: T201  # asked for

    def keep(self, result: Recalibration) -> None:
        """Keep a result."""
        self.results.append(result)

    def _run(self) -> Recalibration:
        return recalibrate(self.model, *self._given, verbose=False, **self._options)


_OPTIONS = frozenset({"exact", "frozen", "loss", "only_if_better", "batch_size", "dry_run"})
