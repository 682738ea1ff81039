"""Whether the cures work: each rule's fix is printed, applied as printed, and run.

Each program in `programs/` has one fault, and marked lines: `if cure:` holds the cured ones. It
runs as it is, and the rule prints its fix. The cured lines must be what that text says, word for
word. Then it runs cured: the finding must be gone, and a number of the program's own must heal.
"""

from __future__ import annotations

from benchmarks.fixes.figures import run as run
