"""Measure what a desk costs as it grows: tickets made by seeded perturbation, every step in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from kb.errors import BadSetting, StoreTrouble
from kb.records import KEEPER
from pipelines import plot, sample, show
from pipelines.bench import Row, opened
from pipelines.index import Say, quiet

STEPS = ("import", "vectors", "index", "learn", "serve", "recall", "add")
GROWS = ("import_seconds", "import_peak_mb", "index_seconds", "index_cpu_seconds", "index_peak_mb", "database_mb",
         "index_mb", "search_cpu_ms",
         "cold_start_seconds", "resident_mb", "title_p50_ms", "title_p95_ms", "ticket_p50_ms", "ticket_p95_ms",
         "filtered_title_p50_ms", "filtered_title_p95_ms", "filtered_ticket_p50_ms", "filtered_ticket_p95_ms",
         "triage_title_p50_ms", "triage_title_p95_ms", "triage_ticket_p50_ms", "triage_ticket_p95_ms",
         "add_seconds")  # fmt: skip
"""Costs whose growth with the number of tickets is told; an exponent of 1 is "in proportion"."""
PERTURBED = "Vectors of tickets were perturbed, not embedded: each is its parent's with noise (cosine .80 to .95)."


def sizes(text: str) -> tuple[int, ...]:
    """Numbers of tickets as a person writes them: "30000,100000" or "30_000". Raises ``BadSetting``."""
    try:
        return tuple(int(part.strip().replace("_", "")) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BadSetting(f"--scale {text!r} is no list of sizes: write --scale 30000,100000,1000000.") from error


def run(
    sizes: Sequence[int], *, folder: Path | None, work: Path | None, say: Say = quiet, embed: bool = False
) -> list[Row]:
    """Cost figures for each size, ascending, then the growth of each cost; from ``folder``, else from the sample desk.

    The split is the size, or "growth": the slope of the straight line through log cost against log size. What is
    imported stays under ``work``, where one is given; a run that was interrupted goes on with the step it was at.
    Raises ``BadSetting`` for a size below 1,000, ``StoreTrouble`` where a step ends in an error.
    """
    if not sizes or min(sizes) < 1000:
        raise BadSetting("Give sizes of 1,000 tickets or more, such as --scale 30000,100000,1000000.")
    if work is None:
        with tempfile.TemporaryDirectory(prefix="seenbefore-scale-") as scratch:
            return run(sizes, folder=folder, work=Path(scratch), say=say, embed=embed)
    work.mkdir(parents=True, exist_ok=True)
    base, name = _base(folder, work, say)
    rows: list[Row] = []
    places = {size: work / f"{name}-{size}{'-embedded' if embed else ''}" for size in sorted(set(sizes))}
    least = next(iter(places.values()))
    for size, place in places.items():
        figures: dict[str, float] = {}
        for step in STEPS:
            kept = place / f"{step}.json"
            if not kept.exists():
                say(f"{size:,} tickets: {step}", STEPS.index(step), len(STEPS))
                said = {"base": str(base), "place": str(place), "size": size, "embed": embed, "learnt": str(least)}
                _in_a_process(step, said, say)
            found = cast("dict[str, float]", json.loads(kept.read_text("utf-8")))
            rows += [Row(name, "scale", str(size), "seenbefore", metric, value, n=size, seconds=found["seconds"])
                     for metric, value in found.items() if metric != "seconds"]  # fmt: skip
            figures |= found
        for step in STEPS[2:]:
            (place / f"{step}.json").unlink()
    return rows + list(growth(rows))


def growth(rows: Sequence[Row]) -> Iterator[Row]:
    """The exponent of each cost in the number of tickets, by least squares over the logarithms of two sizes or more."""
    for metric in GROWS:
        found = [(row.n, row.value) for row in rows if row.metric == metric and row.value > 0]
        if len({n for n, _ in found}) >= 2:
            n, value = np.log(np.array(found, np.float64)).T
            yield Row(rows[0].folder, "scale", "growth", "seenbefore", metric, float(np.polyfit(n, value, 1)[0]),
                      n=len(found))  # fmt: skip


def show_scale(rows: Sequence[Row], *, embed: bool = False) -> None:
    """One table: costs down, sizes across, the exponent last."""
    splits = list(dict.fromkeys(row.split for row in rows))
    values = {(row.metric, row.split): row.value for row in rows}
    lines = [(metric.replace("_", " "), *(_cell(values.get((metric, split)), split) for split in splits))
             for metric in dict.fromkeys(row.metric for row in rows)]  # fmt: skip
    heads = [split if split == "growth" else f"{int(split):,}" for split in splits]
    show.table(f"{rows[0].folder} · scale", ("cost", *heads), lines, right=tuple(range(1, len(heads) + 1)))
    if not embed:
        show.line(PERTURBED, style="dim")
    show.line("growth is the exponent of the number of tickets (1 is in proportion; n log n is 1.08 between 30,000 and "
              "1,000,000). The cold start is from starting Python to the first answer, files in the page cache.",
              style="dim")  # fmt: skip


DRAWN = {
    "import_seconds": "import, s", "index_seconds": "building the index, s", "cold_start_seconds": "start, s",
    "add_seconds": "new ticket found after, s", "ticket_p95_ms": "search, p95 of a ticket, ms",
    "triage_ticket_p95_ms": "triage, p95 of a ticket, ms", "resident_mb": "serving, resident MB",
}  # fmt: skip
"""Costs that are drawn, and their names."""


def draw(file: Path, rows: Sequence[Row]) -> None:
    """The costs of :data:`DRAWN` against the number of tickets, on logarithmic scales. Raises ``StoreTrouble``."""
    curves = {name: [(row.n, row.value) for row in rows if row.metric == metric and row.split.isdecimal()]
              for metric, name in DRAWN.items()}  # fmt: skip
    plot.draw(file, curves, title="What a desk costs as it grows", across="tickets", up="as named", logarithmic=True)


def _cell(value: float | None, split: str) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if split == "growth" else f"{value:,.3f}" if value < 10 else f"{value:,.0f}"


def _base(folder: Path | None, work: Path, say: Say) -> tuple[Path, str]:
    """The home with the parents and their vectors, under ``work``."""
    if folder is None:
        folder = work / "sample-files"
        if not (folder / "links.csv").exists():
            sample.make_desk(folder)
    try:
        facts = tomllib.loads((folder / "bench.toml").read_text("utf-8"))
    except FileNotFoundError:
        facts = {"name": folder.name.removesuffix("-files")}
    with opened(folder, facts, work, say) as bench:
        if not bench.home.store.counts(KEEPER)["tickets"]:
            raise BadSetting(f"{folder} has no tickets to make others of.")
        return bench.home.folder, bench.name


def _in_a_process(step: str, said: Mapping[str, Any], say: Say) -> None:
    """Run one step and pass on how far it is."""
    command = [sys.executable, "-m", "pipelines.scale_steps", step, json.dumps({**said, "started": time.time()})]
    told = Path(said["place"]) / "progress.json"
    with subprocess.Popen(command) as process:  # noqa: S603  # this very program
        while process.poll() is None:
            time.sleep(0.2)
            try:
                what, done, total = json.loads(told.read_text("utf-8"))
            except (OSError, ValueError):
                continue
            say(f"{said['size']:,} tickets: {what}", done, total)
    told.unlink(missing_ok=True)
    if process.returncode:
        raise StoreTrouble(f"The step {step} at {said['size']:,} tickets ended with code {process.returncode}; "
                           "what was written stays: run it again to go on.")  # fmt: skip
