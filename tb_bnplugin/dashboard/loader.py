"""The entry point that TensorBoard loads; it imports nothing that could fail."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from tensorboard.plugins import base_plugin

if TYPE_CHECKING:
    from tb_bnplugin.dashboard.plugin import BatchNormPlugin

# TensorBoard gives a third-party plugin 10 records a tag (100 with the fast loader), drawn at
# random. One record holds all layers, so a thousand cost some tens of megabytes a run at most;
# vectors per channel are larger, and are made once an epoch.
SAMPLES: Final = {"batch_norm": 1000, "batch_norm_channels": 60}


class BatchNormLoader(base_plugin.TBLoader):
    """The loader of the plugin, which also raises TensorBoard's sampling limits for its records.

    What raises here, or in this module's imports, keeps TensorBoard itself from starting.
    """

    def fix_flags(self, flags: argparse.Namespace) -> None:
        """Raise the limits that the user has not set with `--samples_per_plugin`."""
        limits = getattr(flags, "samples_per_plugin", None)
        if isinstance(limits, dict):
            for plugin_name, samples in SAMPLES.items():
                limits.setdefault(plugin_name, samples)

    def load(self, context: base_plugin.TBContext) -> BatchNormPlugin:
        """The plugin; TensorBoard logs what this raises and goes on without the tab."""
        from tb_bnplugin.dashboard.plugin import BatchNormPlugin

        return BatchNormPlugin(context)
