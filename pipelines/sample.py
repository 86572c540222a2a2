"""Write the sample desk: tickets, articles, problems and links of an invented manufacturer, the same for a seed."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

from pipelines.samples import clock, events, journal, library
from pipelines.samples.bank import Scenario, read, scenarios
from pipelines.samples.people import staff, technicians
from pipelines.samples.story import COLUMNS, Desk, Draft, finish, open_ticket, solve

FOLDER = Path("data") / "sample"


def make_desk(folder: Path | str, *, seed: int = 2026, tickets: int = 2500) -> dict[str, int]:
    """Write ``tickets.csv.gz``, ``articles.csv.gz``, ``problems.csv`` and ``links.csv``; return how many rows each has.

    The same seed and number give the same bytes. Times are UTC. Raises ``ValueError`` below 400 tickets, which the
    planned outages and single cases already need.
    """
    if tickets < 400:
        raise ValueError(f"the sample desk needs at least 400 tickets, not {tickets}")
    rng = Random(seed)
    desk = _desk(rng)
    drafts = events.planned(desk)
    drafts += _everyday(desk, tickets - len(drafts) - events.repeats(tickets))
    drafts += events.repeated(desk, drafts, events.repeats(tickets))
    drafts.sort(key=lambda draft: draft.at)
    _number(rng, drafts)
    for draft in drafts:
        finish(desk, draft)
    events.afterwards(desk, drafts)
    articles = library.articles(rng) + library.later_articles()
    links = library.links(desk, drafts) + library.problem_links(drafts)
    problems = library.problems()
    for draft in drafts:
        draft.row["work_notes"] = journal.write(desk, draft)
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "tickets.csv.gz", COLUMNS, (draft.row for draft in drafts))
    _write(out / "articles.csv.gz", library.ARTICLE_COLUMNS, articles)
    _write(out / "problems.csv", library.PROBLEM_COLUMNS, problems)
    _write(out / "links.csv", library.LINK_COLUMNS, links)
    return {"tickets": len(drafts), "articles": len(articles), "problems": len(problems), "links": len(links)}


def _desk(rng: Random) -> Desk:
    people = staff(rng, 520)
    weights = [1 / (rank + 12) ** 0.8 for rank in range(len(people))]
    return Desk(rng, people, weights, technicians(rng), read("phrases"), scenarios())


def _everyday(desk: Desk, count: int) -> list[Draft]:
    rng = desk.rng
    days = clock.days()
    usual = [s for s in desk.scenarios if s.weight > 0]
    waves = clock.waves(rng, [s.id for s in usual if s.profile not in ("relapse", "grow")])
    chosen = sorted(rng.choices(days, [clock.day_weight(day) for day in days], k=count))
    drafts = []
    for day in chosen:
        part = (day - clock.FIRST_DAY).days // 14
        weights = [
            s.weight * waves.get((s.id, part), 1.0) * clock.season(s.profile, day) * _fits(s, day) for s in usual
        ]
        scenario = rng.choices(usual, weights)[0]
        at = clock.any_moment(rng, day) if scenario.monitor else clock.moment(rng, day)
        draft = open_ticket(desk, scenario, min(at, clock.EXPORTED - timedelta(minutes=rng.randint(1, 90))))
        solve(desk, draft)
        drafts.append(draft)
    return drafts


def _fits(scenario: Scenario, day: date) -> float:
    if not scenario.start <= day <= scenario.end:
        return 0.0
    return 8.0 if scenario.monitor and day.weekday() >= 5 else 1.0


def _number(rng: Random, drafts: Sequence[Draft]) -> None:
    number = 31207
    for draft in drafts:
        draft.row["number"] = f"INC{number:07d}"
        number += rng.choice((1, 1, 1, 2, 3))
    for draft in drafts:
        if draft.parent is not None:
            draft.row["parent_incident"] = draft.parent.row["number"]


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8")
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)


def main(arguments: Sequence[str]) -> int:
    """``python -m pipelines.sample [FOLDER]``: write the desk (to data/sample unless told) and say how much."""
    counts = make_desk(arguments[0] if arguments else FOLDER)
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in counts.items()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
