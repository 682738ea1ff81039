"""`python -m tb_bnplugin`: the command line."""

from __future__ import annotations

import sys

from tb_bnplugin.cli import main

if __name__ == "__main__":
    sys.exit(main())
