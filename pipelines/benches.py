"""Measurements that need no benchmark folder, by the name of their task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.errors import BadSetting
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


def draws(task: Sequence[str], scale: str) -> None:
    """See, before anything is measured, that there is a chart of it. Raises ``BadSetting``."""
    if not scale and list(task) != ["spread"]:
        raise BadSetting("--plot draws what --scale and --task spread measure.")


def draw(file: Path, rows: Sequence[Row]) -> None:
    """Draw the figures. Raises ``StoreTrouble`` where the file cannot be written."""
    if rows[0].task == "scale":
        from pipelines import bench_scale

        bench_scale.draw(file, rows)
    else:
        from pipelines import bench_spread

        bench_spread.draw(file, rows)
