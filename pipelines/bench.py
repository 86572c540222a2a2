"""Measure the product on a benchmark folder, beside plain baselines from the same run."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting, SeenBeforeError, StoreTrouble
from kb.records import EVERYONE, Ticket
from kb.rows import seconds
from kb.tables import Asked
from models import scores
from pipelines import index as indexing
from pipelines import ingest as importing
from pipelines import show
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import Learnable, vectors_of
from pipelines.settings import Settings, read

FILES = ("tickets.csv.gz", "articles.csv.gz", "problems.csv", "links.csv")
OURS = "seenbefore"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: of one system, on one task of one folder; ``low`` and ``high`` bound it with 95 % confidence."""

    folder: str
    task: str
    split: str
    system: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    seconds: float = 0.0


@dataclass
class Bench:
    """An opened benchmark folder, its tickets in a home of its own, forward in time."""

    folder: Path
    facts: Mapping[str, Any]
    home: Home
    say: Say = quiet
    notes: list[str] = field(default_factory=list)
    """Sentences about how the figures came to be."""
    _tickets: list[Ticket] = field(default_factory=list)
    _vectors: NDArray[np.float32] | None = None

    @property
    def name(self) -> str:
        """The folder's own name."""
        return str(self.facts.get("name", self.folder.name))

    @property
    def test_from(self) -> int | None:
        """From this second on tickets are questions; ``None`` where the folder has splits instead."""
        value = self.facts.get("test_from")
        if value is None:
            return None
        return seconds(
            value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        )

    @property
    def tickets(self) -> list[Ticket]:
        """All tickets, in the order of their opening."""
        if not self._tickets:
            found = [t for batch in self.home.store.each("ticket", EVERYONE) for t in batch if isinstance(t, Ticket)]
            self._tickets = sorted(found, key=lambda t: (seconds(t.opened_at) or 0, t.id or 0))
        return self._tickets

    @property
    def pool(self) -> Learnable:
        """All tickets with their vectors."""
        if self._vectors is None:
            self._vectors = vectors_of(self.home, [t.text for t in self.tickets], say=self.say)
        return Learnable(self.tickets, self._vectors)


Task = Callable[[Bench], Iterator[Row]]


def run(
    folder: Path,
    *,
    tasks: Sequence[str] = (),
    work: Path | None = None,
    say: Say = quiet,
    notes: list[str] | None = None,
) -> list[Row]:
    """Run the folder's tasks. Raises ``BadSetting`` for a folder without bench.toml or a task it does not have."""
    from pipelines import (
        bench_answers,
        bench_classify,
        bench_known,
        bench_patterns,
        bench_quality,
        bench_search,
        bench_trust,
    )

    known: dict[str, Task] = {
        **bench_search.TASKS,
        **bench_answers.TASKS,
        **bench_classify.TASKS,
        **bench_patterns.TASKS,
        **bench_quality.TASKS,
        **bench_trust.TASKS,
        **bench_known.TASKS,
    }
    facts = _facts(folder)
    own = [name for name in facts.get("tasks", ()) if name in known]
    extra = [name for name in known if name not in own and known[name].__name__.startswith("extra_")]
    wanted = list(tasks) or own
    for name in wanted:
        if name not in own and name not in extra:
            raise BadSetting(f"{folder.name} has no task {name!r}: it has {', '.join(own)}.")
    rows: list[Row] = []
    with opened(folder, facts, work, say) as bench:
        for name in wanted:
            try:
                rows += list(known[name](bench))
            except (SeenBeforeError, ValueError, LookupError, ArithmeticError) as error:
                bench.notes.append(f"{name} could not be measured: {error}")
        if notes is not None:
            notes.extend(bench.notes)
    return rows


@contextmanager
def opened(folder: Path, facts: Mapping[str, Any], work: Path | None, say: Say) -> Iterator[Bench]:
    """The folder loaded into a home: a temporary one, or one under ``work`` that a second run finds again."""
    digest = hashlib.sha256()
    for name in FILES:
        if (folder / name).exists():
            digest.update((folder / name).read_bytes())
    with tempfile.TemporaryDirectory(prefix="seenbefore-bench-") as scratch:
        place = (work or Path(scratch)) / f"{facts.get('name', folder.name)}-{digest.hexdigest()[:12]}"
        environment = read(place)
        home = Home(Settings(place, embedder=environment.embedder, threads=environment.threads))
        home.create()
        for name in FILES:
            if (folder / name).exists() and not any(row["file"] == name for row in home.store.imports(100)):
                importing.ingest(home, importing.look(folder / name, Asked(source="benchmark")), say=say)
        indexing.build(home, say=say)
        yield Bench(folder, facts, home, say)


def ranked_rows(
    at: tuple[str, str, str], system: str, ranked: Sequence[Sequence[Any]], truth: Sequence[set[Any]], spent: float
) -> Iterator[Row]:
    """The search figures of one system: ``at`` is (folder, task, split)."""
    figures = {
        "mrr@10": scores.reciprocal_ranks(ranked, truth, at=10),
        "success@1": scores.successes(ranked, truth, at=1),
        "success@5": scores.successes(ranked, truth, at=5),
        "success@10": scores.successes(ranked, truth, at=10),
        "ndcg@10": scores.gains(ranked, truth, at=10),
    }
    for metric, values in figures.items():
        low, high = scores.interval(values)
        mean = float(values.mean()) if len(values) else 0.0
        yield Row(*at, system, metric, mean, low, high, len(truth), spent)


def timed() -> Callable[[], float]:
    """Seconds since this was called."""
    started = time.perf_counter()
    return lambda: time.perf_counter() - started


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows as JSON. Raises ``StoreTrouble`` where the file cannot be written."""
    try:
        path.write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreTrouble(f"{path} cannot be written ({error.strerror}).") from error


def show_rows(rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """One table a task and split: systems down, metrics across; then how the figures came to be."""
    for at in dict.fromkeys((r.folder, r.task, r.split) for r in rows):
        mine = [r for r in rows if (r.folder, r.task, r.split) == at]
        metrics = list(dict.fromkeys(r.metric for r in mine))
        lines = []
        for system in dict.fromkeys(r.system for r in mine):
            values = {r.metric: r for r in mine if r.system == system}
            cells = [_cell(values.get(metric)) for metric in metrics]
            spent = max(r.seconds for r in values.values())
            lines.append((system, *cells, f"{spent:.0f} s" if spent else ""))
        n = max(r.n for r in mine)
        title = " · ".join(part for part in (*at, f"n = {n:,}") if part)
        show.table(title, ("system", *metrics, "time"), lines, right=tuple(range(1, len(metrics) + 2)))
        show.line("")
    for note in notes:
        show.line(note, style="dim")


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    interval = "" if row.low is None or row.high is None else f" [{row.low:.3f}, {row.high:.3f}]"
    return f"{row.value:.3f}{interval}"


def _facts(folder: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads((folder / "bench.toml").read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"{folder} is no benchmark folder: it has no bench.toml.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{folder}/bench.toml cannot be read: {error}.") from error
