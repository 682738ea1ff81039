"""The errors of this package, in one tree.

    BatchNormError
      + LogFolderError        a log folder cannot be read, or holds no record of this plugin
      + NotBuiltError         a model, or a layer that it calls, has no variables yet
      + StrategyError         a model of a distribution strategy that cannot be recorded
      + NotebookError         the tab cannot be shown: no notebook, or no TensorBoard
      + BaselineError         the file of known findings cannot be read or written
      + PageNotBuiltError     a checkout of the repository has no page
      + UnknownRuleError      no rule has this code
      + SavedModelError       a saved model, or what gives a model or its data, cannot be used
      + CannotExamineError    the doctor finds no TensorFlow or no Keras to examine
        + NoReplicasError     TensorFlow started before it could be given two logical devices
      + DamagedRecordError    a record of a log cannot be used
        + MetadataError       its metadata is not ours, damaged, or of another format
        + FactsError          its JSON document is not of the kind that it says it is
        + TensorError         its tensor is damaged, or larger than its bytes
      + ExampleError          the file with a rule's programs has a wrong shape

`except tb_bnplugin.BatchNormError` catches them all. Most are a built-in error too: code that
catches `ValueError` still catches a `NotBuiltError`. A wrong argument raises plain `TypeError` or
`ValueError`. Reading a log raises no `DamagedRecordError`: it becomes a note beside the run.
"""

from __future__ import annotations


class BatchNormError(Exception):
    """Base of all errors of this package."""


class LogFolderError(BatchNormError):
    """A log folder cannot be read, or holds no record of this plugin; the text is one line."""


class NotBuiltError(BatchNormError, ValueError):
    """The model, or a layer that it calls, has no variables yet: call it on a batch first."""


class StrategyError(BatchNormError, ValueError):
    """The model is trained by a distribution strategy that cannot be recorded."""


class NotebookError(BatchNormError, RuntimeError):
    """The tab cannot be shown here: no notebook, or no TensorBoard; the text says what to do."""


class BaselineError(BatchNormError):
    """The file of known findings cannot be read or written; the text is one line."""


class PageNotBuiltError(BatchNormError):
    """A checkout of the repository has no page; the text says how to build it."""


class UnknownRuleError(BatchNormError, LookupError):
    """No rule has this code."""


class SavedModelError(BatchNormError):
    """A saved model, or a function that gives a model or data, cannot be used."""


class CannotExamineError(BatchNormError, RuntimeError):
    """The doctor has nothing to examine; the text says what to install."""


class NoReplicasError(CannotExamineError):
    """There is only one logical device, and TensorFlow has started."""


class DamagedRecordError(BatchNormError, ValueError):
    """A record of a log cannot be used."""


class MetadataError(DamagedRecordError):
    """A record's metadata is not ours, damaged, or of another format."""


class FactsError(DamagedRecordError):
    """A JSON document of a log is not of the kind that it says it is."""


class TensorError(DamagedRecordError):
    """A tensor of a log is damaged, or larger than its bytes."""


class ExampleError(BatchNormError, ValueError):
    """The file with a rule's programs has a wrong shape."""
