"""Measurements that need no benchmark folder, by the name of their task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.bench import Row
from pipelines.index import Say

ALONE = ("api", "soak", "speed", "spread", "privacy")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person said on the command line."""

    file: Path | None
    """An export or a folder, where one was named."""
    home: Path | None
    work: Path | None
    minutes: float


def run(task: str, asked: Asked, *, say: Say, notes: list[str]) -> list[Row]:
    """The figures of one of :data:`ALONE`."""
    if task == "api":
        from pipelines import bench_api

        return bench_api.run(asked.home, work=asked.work, say=say, notes=notes)
    if task == "soak":
        from pipelines import bench_soak

        return bench_soak.run(asked.home, minutes=asked.minutes, work=asked.work, say=say, notes=notes)
    if task == "speed":
        from pipelines import bench_speed

        return bench_speed.run(asked.file, say=say, notes=notes)
    if task == "spread":
        from pipelines import bench_spread

        return bench_spread.run(asked.file, say=say, notes=notes)
    from pipelines import bench_privacy

    return bench_privacy.run(say=say) if asked.file is None else bench_privacy.on(asked.file, say=say)
