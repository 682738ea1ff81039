"""One run: its clock, the names of its models, and the documents that its log holds."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tb_bnplugin.keras.identity import WeakIdentityDict
from tb_bnplugin.schema.records import Kind, Value
from tb_bnplugin.training.writer import folder_of

DOCUMENTS: Final[tuple[Kind, ...]] = ("model", "phase", "calls", "events")
"""Kinds of which a log must hold the newest, even where it was written to another log before."""


@dataclass
class _Clock:
    """A counter of steps that a loop keeps itself."""

    offset: int
    given: int | None = None
    step: int = 0  # of the run, for `given`


class Run:
    """One run directory (or writer), as far as this process knows it.

    Steps never go back within a process: a second fit, a new callback or a counter that
    restarts goes on from the last step.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.directory = directory
        self.last_step = 0
        self._names: dict[str, _Holder] = {}
        self._offset = 0  # of the newest counter that began anew
        self._clocks: dict[str, _Clock] = {}
        self._tellers: dict[tuple[str, str], str] = {}  # model, by code and place of a layer
        self._places: WeakIdentityDict[str] = WeakIdentityDict()  # model and path of each layer
        self._held: weakref.WeakKeyDictionary[Any, dict[Kind, Value]] = (
            weakref.WeakKeyDictionary()  # what this log holds, by who wrote it and kind
        )
        self._file: Path | None = None  # where it holds it, as far as it is known

    def place(self, given: int, counter: str, *, beside: str | None = None) -> tuple[int, bool]:
        """The step of this run for a step a loop counts itself, and whether that began anew.

        Several counters may go side by side, as those of a critic and its generator do: each is
        compared with itself. Where one goes back, all that go back with it move on alike. An
        example of one counter:

            given by the loop     1    2    3    1    2
            step of the run       1    2    3    4    5

        Args:
            given: the step as the loop has it.
            counter: who counts, such as the name of the model.
            beside: a counter of the same loop; where that began anew, so has this one.
        """
        clock = self._clocks.setdefault(counter, _Clock(offset=self._offset))
        restarted = clock.given is not None and given < clock.given
        if restarted:
            if given + self._offset <= clock.step:  # no other counter went back before
                self._offset = self.last_step + 1 - given
            clock.offset = self._offset
        elif beside in self._clocks:
            clock.offset = max(clock.offset, self._clocks[beside].offset)
        clock.given, clock.step = given, given + clock.offset
        self.last_step = max(self.last_step, clock.step)
        return clock.step, restarted

    def reach(self, step: int) -> None:
        """Note a step that was counted by the run's own clock."""
        self.last_step = max(self.last_step, step)

    def unique_name(self, name: str, recorder: Any) -> str:
        """A name for a model that no other model of this log has: "resnet", "resnet_1".

        Another model never takes a name over, be the first one gone: their records would mix.
        """
        count = 0
        while True:
            unique = name if count == 0 else f"{name}_{count}"
            known = self._names.get(unique)
            if known is None or known.stands_for(recorder):
                self._names[unique] = _Holder(recorder)
                return unique
            count += 1

    def first_place(self, layer: Any, here: str) -> str:
        """Where this run recorded a layer first, "critic/bn"; "" where that is here."""
        first = self._places.get(layer)
        if first is None:
            self._places.set(layer, here)
        return "" if first in (None, here) else first

    def tells(self, code: str, places: Iterable[str], model: str) -> bool:
        """True where a model is the one that tells a finding of at least one of these layers.

        Args:
            code: of the rule.
            places: of the layers, as `first_place` has them.
            model: name of the model in the log.
        """
        return model in [self._tellers.setdefault((code, place), model) for place in places]

    def recorders(self) -> list[Any]:
        """The recorders of this log whose models are still watched."""
        held = [holder.recorder() for holder in self._names.values()]
        return [recorder for recorder in held if recorder is not None and not recorder.closed]

    def missing(self, recorder: Any, documents: Mapping[Kind, Value]) -> dict[Kind, Value]:
        """The documents, by kind, that this log does not hold as they are now.

        A log that was removed holds none.
        """
        if self._file is not None and not self._file.exists():
            self.forget_documents()
        held = self._held.get(recorder, {})
        return {kind: value for kind, value in documents.items() if held.get(kind) is not value}

    def hold(
        self, recorder: Any, documents: Iterable[tuple[Kind, Value]], file: Path | None = None
    ) -> None:
        """Note documents that were written, and the event file, where it is known."""
        self._file = file
        self._held.setdefault(recorder, {}).update(documents)

    def forget_documents(self) -> None:
        """Forget which documents were written, as they may be lost: the next writer writes all."""
        self._held.clear()
        self._file = None


class _Holder:
    """Whose a name in a log is: a recorder, or the model that it recorded."""

    def __init__(self, recorder: Any) -> None:
        self.recorder = weakref.ref(recorder)
        self._model = recorder.reference

    def stands_for(self, recorder: Any) -> bool:
        model = self._model()
        return self.recorder() is recorder or (model is not None and model is recorder.reference())


_runs: dict[str, Run] = {}
_runs_of_writers: weakref.WeakKeyDictionary[Any, Run] = weakref.WeakKeyDictionary()


def run_of_directory(directory: str) -> Run:
    """The run of a directory: one for the process, whoever writes there."""
    key = directory if "://" in directory else os.path.abspath(directory)  # noqa: PTH100  # links stay
    return _runs.setdefault(key, Run(key))


def run_of_writer(writer: Any) -> Run:
    """The run that a `tf.summary` writer writes to: that of its directory where it is known.

    A writer does not tell its directory: it is found by the event file. Two writers of one folder
    have one run, so that none hides what the other has written.
    """
    try:
        known = _runs_of_writers.get(writer)
        if known is None:
            known = _runs_of_writers[writer] = _find_run(writer)
    except TypeError:
        return Run()
    return known


def _find_run(writer: Any) -> Run:
    folder = folder_of(writer)
    if folder is None:
        return Run()
    same = (run for key, run in _runs.items() if "://" not in key and Path(key).resolve() == folder)
    return next(same, None) or run_of_directory(str(folder))
