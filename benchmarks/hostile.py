"""Damaged and evil logs without end: 100,000 records, none of which may break anything."""

from __future__ import annotations

import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.figures import Figure
from tb_bnplugin.history.build import build_run
from tb_bnplugin.schema.records import Record
from tests.support.hostile import hostile_records
from tests.support.judging_logs import make_everything

RECORDS = 100_000
ROUND = 200  # logs that hypothesis makes at a time


def run() -> Iterator[Figure]:
    """The crashes among so many records, other ones at each run, and the slowest of the logs."""
    made, crashes = Counter[str](), Counter[str]()
    seconds = [0.0]

    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],  # to find the smallest log is for who mends it
        suppress_health_check=[*HealthCheck],
    )
    @given(hostile_records())
    def look(records: list[Record]) -> None:
        made["logs"] += 1
        made["records"] += len(records)
        begin = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                make_everything(build_run("run", records), records)
        except Exception as error:  # noqa: BLE001  # counted, whatever it is
            at = traceback.extract_tb(error.__traceback__)[-1]
            crashes[f"{type(error).__name__} in {at.name}, line {at.lineno}: {error}"[:200]] += 1
        seconds.append(time.process_time() - begin)

    while made["records"] < RECORDS:
        look()
    yield Figure(
        name=f"crashes in {made['records']:,} records of {made['logs']:,} hostile logs",
        value=sum(crashes.values()),
        limit=0,
        unit="",
        note="; ".join(f"{what}: {count}" for what, count in crashes.most_common(3)),
    )
    yield Figure(name="slowest of these logs, all of it", value=max(seconds), limit=2, unit="s")
