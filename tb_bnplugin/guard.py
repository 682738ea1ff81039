"""Never disturb the training: what goes wrong on our side switches off its own part alone."""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Callable
from typing import Final, Literal, TypeVar

from tb_bnplugin.printed import error_line

Part = Literal[
    "recording",
    "writing",
    "counting",
    "lines",
    "channels",
    "topology",
    "weights",
    "optimizer",
    "compiled_losses",
    "losses",
    "gradients",
    "probe",
    "attribution",
    "findings",
    "recalibration",
    "preflight",
]

DESCRIPTIONS: Final[dict[Part, str]] = {
    "recording": "stops recording {model}",
    "writing": "stops recording with this writer",
    "counting": "could not count a call of a batch normalization layer of {model}, and counts none",
    "lines": "cannot tell which lines of the program call {model}",
    "channels": "records no per-channel values of {model}",
    "topology": "cannot draw the model map of {model}",
    "weights": "no longer looks for unchanged weights of {model}",
    "optimizer": "cannot tell which optimizer trains {model}",
    "compiled_losses": "could not observe the compiled losses and metrics of {model}",
    "losses": "no longer measures the losses of {model}",
    "gradients": "no longer measures the gradients that reach the optimizer of {model}",
    "probe": "no longer probes {model}",
    "attribution": "no longer tells which layers of {model} cause a gap of the modes",
    "findings": "tells no more findings of {model} while it trains; `tb-bnplugin check` reads"
    " what is recorded",
    "recalibration": "no longer recalibrates {model}",
    "preflight": "cannot say before the training what it will do to {model}",
}

NOTES: Final[dict[Part, str]] = {
    "losses": "does not measure the loss {name} of {model}",
    "probe": "does not probe {model}",
}
"""The same for what a part that goes on cannot do."""

_Result = TypeVar("_Result")


class Guard:
    """Runs what may fail. A part that failed stays off, and is reported in one warning.

    Example:
        guard = Guard("resnet")
        result = guard.attempt("probe", run_probe, batch)  # None where it failed, now or before
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._warned: set[tuple[Part, str]] = set()  # part and class of exception
        self.failures: dict[Part, str] = {}
        """Why each part is off: the exception's class and the first line of its text."""
        self.notes: dict[tuple[Part, str], str] = {}
        """The tasks that a part which goes on could not do, by part and name, and why."""
        self.last_words: weakref.WeakMethod[Callable[[str], None]] | None = None
        """Called with why the recording failed; weak, since watched layers hold the guard."""

    def attempt(self, part: Part, action: Callable[..., _Result], *args: object) -> _Result | None:
        """The result of `action(*args)`; None where it raises or the part is off."""
        if part in self.failures:
            return None
        try:
            return action(*args)
        except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
            self.fail(part, error)
            return None

    def fail(self, part: Part, error: Exception) -> None:
        """Switch a part off, with a warning that is given once for each cause."""
        is_new = part not in self.failures
        self.failures.setdefault(part, error_line(error))
        cause = (part, type(error).__name__)
        try:
            if cause not in self._warned:
                self._warned.add(cause)
                warn(part, error, self._model)
        finally:
            words = self.last_words() if self.last_words is not None else None
            if part == "recording" and is_new and words is not None:
                with contextlib.suppress(Exception):  # it may be what failed
                    words(self.failures[part])

    def note(self, part: Part, name: str, why: str) -> None:
        """Tell once what a part cannot do while it goes on with the rest."""
        if (part, name) not in self.notes:
            self.notes[part, name] = why
            warnings.warn(
                f"tb_bnplugin {NOTES[part].format(name=repr(name), model=repr(self._model))}; all"
                f" else is recorded, and training goes on unchanged ({why})",
                RuntimeWarning,
                stacklevel=3,
            )

    def reasons(self) -> list[tuple[Part, str]]:
        """Each part that failed, in all or in part, with the reason."""
        noted = [(part, f"{name}: {why}") for (part, name), why in self.notes.items()]
        return [*self.failures.items(), *noted]

    def restart(self) -> None:
        """Try all parts again: a new training begins."""
        self.failures.clear()
        self.notes.clear()


def warn(part: Part, error: Exception, model: str) -> None:
    """Tell in one warning which part is off, why, and that the training is not touched."""
    what = DESCRIPTIONS[part].format(model=repr(model))
    rest = "" if part in ("recording", "writing", "recalibration") else "all else is recorded, and "
    warnings.warn(
        f"tb_bnplugin {what}; {rest}training goes on unchanged ({error_line(error)})",
        RuntimeWarning,
        stacklevel=4,
    )
