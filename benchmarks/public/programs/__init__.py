"""The programs, by name."""

from __future__ import annotations

from benchmarks.public.programs import (
    books,
    courses,
    keras_io,
    libraries,
    research,
    tensorflow_docs,
)

_MODULES = (keras_io, tensorflow_docs, courses, books, research, libraries)

PROGRAMS = {program.name: program for module in _MODULES for program in module.PROGRAMS}
