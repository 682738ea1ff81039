"""What a program with a fix is given: the bench of `benchmarks.findings`, and what was printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.findings.bench import Bench


class FixBench(Bench):
    """Watches a program; a cured one knows the finding of the faulty one.

    Args:
        keras: the module `keras` or `tf_keras`.
        folder: where the log is written.
        printed: the finding of the faulty program, for cures with a number in words, such as
            "train for 120 more updates"; None: the program is the faulty one.
    """

    def __init__(self, keras: Any, folder: Path, printed: Any) -> None:
        super().__init__(keras, folder)
        self.printed = printed

    @property
    def sources(self) -> tuple[Any, ...]:
        """The callbacks and watches: what has `findings()`."""
        return tuple(self._sources)
