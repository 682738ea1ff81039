from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PluginData(_message.Message):
    __slots__ = ("version", "kind", "model", "name")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[PluginData.Kind]
        MODEL: _ClassVar[PluginData.Kind]
        CALLS: _ClassVar[PluginData.Kind]
        LAYERS: _ClassVar[PluginData.Kind]
        CHANNELS: _ClassVar[PluginData.Kind]
        LOSS: _ClassVar[PluginData.Kind]
        PROBE: _ClassVar[PluginData.Kind]
        EPOCH: _ClassVar[PluginData.Kind]
        EVENTS: _ClassVar[PluginData.Kind]
        PHASE: _ClassVar[PluginData.Kind]
        PROBE_LAYERS: _ClassVar[PluginData.Kind]
        GRADIENT: _ClassVar[PluginData.Kind]
        RECALIBRATION: _ClassVar[PluginData.Kind]
        TWIN: _ClassVar[PluginData.Kind]
    UNKNOWN: PluginData.Kind
    MODEL: PluginData.Kind
    CALLS: PluginData.Kind
    LAYERS: PluginData.Kind
    CHANNELS: PluginData.Kind
    LOSS: PluginData.Kind
    PROBE: PluginData.Kind
    EPOCH: PluginData.Kind
    EVENTS: PluginData.Kind
    PHASE: PluginData.Kind
    PROBE_LAYERS: PluginData.Kind
    GRADIENT: PluginData.Kind
    RECALIBRATION: PluginData.Kind
    TWIN: PluginData.Kind
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    version: int
    kind: PluginData.Kind
    model: str
    name: str
    def __init__(self, version: _Optional[int] = ..., kind: _Optional[_Union[PluginData.Kind, str]] = ..., model: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
