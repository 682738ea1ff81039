"""The command line: `tb-bnplugin`, also `python -m tb_bnplugin`."""

from tb_bnplugin.cli.main import main

__all__ = ["main"]
