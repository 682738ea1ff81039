"""The callback that recalibrates while `fit` trains."""

from __future__ import annotations

from typing import Any

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.hooks import Hooks
from tb_bnplugin.keras.recalibration.run import recalibrate
from tb_bnplugin.measure.recalibration import Recalibration


class RecalibrateCallback(Hooks):
    """Recalibrate batch normalization while `fit` trains: see `tb_bnplugin.recalibrate`.

    Training mode does not read the moving statistics, so that the training itself stays as it is;
    what validates, what is saved and what is trained on goes on from the new ones. The last
    recalibration is at the end of `fit`, where steps were made since the one before. In the list
    of callbacks it stands behind those that put weights back (`EarlyStopping`).

    Works with Keras 3 and tf_keras alike.

    Args:
        data: as for `recalibrate`: training data, prepared as for validation. It is gone through
            at each recalibration, so no generator.
        steps: batches of each recalibration; all if None.
        before_validation: recalibrate before each validation of `fit`.
        at_end: recalibrate at the end of `fit`.
        verbose: print each result.
        options: exact, frozen, loss, only_if_better and batch_size, as for `recalibrate`.

    Attributes:
        results: each `Recalibration` so far.

    Raises:
        TypeError, ValueError: an argument is wrong.

    Example:
        recalibrating = tb_bnplugin.RecalibrateCallback((x, y), steps=50)
        model.fit(x, y, validation_data=(x_val, y_val), callbacks=[recalibrating])
    """

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

    def __deepcopy__(self, memo: dict[int, Any]) -> RecalibrateCallback:
        """A callback with the same options and data, which are not copied, for another model."""
        made: RecalibrateCallback = object.__new__(type(self))
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
            self.results.append(result)
            if self._verbose:
                print(f"\n{result}", flush=True)  # noqa: T201  # asked for

    def _run(self) -> Recalibration:
        return recalibrate(self.model, *self._given, verbose=False, **self._options)


_OPTIONS = frozenset({"exact", "frozen", "loss", "only_if_better", "batch_size", "dry_run"})
