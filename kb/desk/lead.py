"""The team lead's side of the desk: figures of a period with their definitions, and the report made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from kb import measures
from kb.assumptions import Assumptions
from kb.calendars import Hours
from kb.desk import told
from kb.desk.dispatcher import Dispatcher
from kb.desk.front import Counted
from kb.desk.keeper import Keeper
from kb.desk.watch import Watch
from kb.digest import Digest, honesty, sections, words
from kb.digest.parts import Section, Table
from kb.errors import BadSetting, TooLittle
from kb.measures import Facts, Figure, Period, Scene
from kb.measures.facts import NOT_GIVEN
from kb.measures.periods import MONTHS
from kb.records import Ticket, Viewer
from kb.rows import seconds
from kb.sla import Targets

TREND = {"month": 12, "week": 12, "quarter": 8, "year": 5, "days": 6}
"""So many periods of each kind a trend goes back."""
_FRESH = 600
"""Seconds for which what was read of an unchanged store is used again."""


class Lead(Dispatcher, Keeper, Watch):
    """Figures and reports."""

    def period(self, text: str) -> Period:
        """A period as people write it, in the desk's time zone. Raises ``BadSetting``."""
        return measures.read_period(text, Hours.from_settings(self.store.settings()).zone)

    def month(self, moment: datetime) -> Period:
        """The calendar month, in the desk's time zone, in which a moment lies."""
        return measures.month_of(moment, Hours.from_settings(self.store.settings()).zone)

    def periods(self, *, viewer: Viewer, now: datetime, most: int = 36) -> list[Period]:
        """The calendar months in which this viewer's tickets were opened or resolved, newest first."""
        known = _span(self._facts(viewer, now))
        if known is None:
            return []
        first, last = (self.month(at) for at in known)
        found = [last]
        while found[-1].first > first.first and len(found) < most:
            found.append(found[-1].back())
        return [one.as_of(now) for one in found]

    def scenes(self, period: Period, *, viewer: Viewer, now: datetime) -> tuple[Scene, Scene]:
        """What was counted in a period, and in the one before. A period that is not over ends at ``now``."""
        settings = self.store.settings()
        counted = self._read(viewer, now)
        targets, assumed = Targets.from_settings(settings), Assumptions.from_settings(settings)
        here = Scene(counted.facts, counted.doings, period.as_of(now), targets, assumed)
        return here, replace(here, period=here.period.back())

    def figures(self, period: Period, *, viewer: Viewer, now: datetime) -> tuple[Figure, ...]:
        """Every figure of a period beside the one before."""
        return measures.count(*self.scenes(period, viewer=viewer, now=now))

    def digest(self, period: Period, *, viewer: Viewer, now: datetime) -> Digest:
        """The report of a period. Raises ``TooLittle`` where nothing was opened or resolved in it."""
        here, before = self.scenes(period, viewer=viewer, now=now)
        self._something(here, now)
        period = here.period
        figures = measures.count(here, before)
        by = {one.key: one for one in figures}
        returning, costliest = sections.patterns(here, before, self.patterns(viewer=viewer))
        trend = [one for one in _back(period) if _reaches(one, here)]
        parts = [
            sections.figures(figures, before.period),
            sections.trends(measures.trend(here, trend), trend) if len(trend) > 1 else None,
            sections.targets(here, before),
            sections.backlog(here, self._oldest(here, viewer)),
            sections.work(here, before),
            returning,
            sections.listed("bursts", "Bursts", "Many tickets of one kind at once, as flagged.", told.BURSTS,
                            told.burst_rows(self, period, viewer=viewer, now=now)),
            sections.listed("verdicts", "Did the fixes hold?", "Tickets a week before and after each fix.",
                            told.VERDICTS, told.verdict_rows(self, period, viewer=viewer, now=now)),
            self._gaps(period, viewer),
            sections.honesty((self._fared(period, viewer), honesty.trained(self.facts.get("models"), self.policy))),
        ]  # fmt: skip
        return Digest(
            title="Service desk report", key=period.key, period=period.told, before=before.period.told,
            made=_written(now.astimezone(period.zone)), seen=_seen(viewer),
            summary=words.summary(figures, period, before.period, costliest=costliest),
            headline=tuple(by[key] for key in sections.HEADLINE), figures=figures,
            sections=tuple(part for part in parts if part is not None), notes=sections.odd(here.facts.odd),
            currency=here.assumed.currency,
        )  # fmt: skip

    def report_file(self, digest: Digest, form: str, *, viewer: Viewer) -> bytes:
        """A report as a file: "html", "pdf" or "xlsx". Raises ``BadSetting`` where none can be made here."""
        if self.report_with is None:
            raise BadSetting("No file can be made from here: run `seenbefore report --month 2026-10`.")
        made = self.report_with(digest, form)
        self.exported("report", viewer=viewer, detail={"period": digest.key, "form": form})
        return made

    # --- inside ------------------------------------------------------------------------------------------------

    def _facts(self, viewer: Viewer, now: datetime) -> Facts:
        return self._read(viewer, now).facts

    def _read(self, viewer: Viewer, now: datetime) -> Counted:
        """The viewer's tickets; read again where a record changed, and what was said of them where anything did."""
        with self._turn:
            return self._read_anew(viewer, now)

    def _read_anew(self, viewer: Viewer, now: datetime) -> Counted:
        at, records = int(now.timestamp()), self.store.records_seq()
        seq = (self.store.seq(), self.store.corrections_seq())
        kept = self._counted.get(viewer)
        if kept is None or kept.records != records or not 0 <= at - kept.at < _FRESH:
            facts = measures.read(self.store, viewer, now=at)
        elif kept.seq == seq:
            return kept
        else:
            at, facts = kept.at, kept.facts
        made = Counted(seq, records, at, facts, measures.doings(self.store, viewer, facts))
        self._counted.clear()  # of many viewers the last one's alone is kept; each works on what he was handed
        self._counted[viewer] = made
        return made

    def _something(self, here: Scene, now: datetime) -> None:
        """Raise ``TooLittle`` where there is nothing to tell."""
        facts, period = here.facts, here.period
        if not len(facts):
            raise TooLittle("There is no ticket here that you may see: import some with `seenbefore ingest FILE`.")
        known = _span(facts)
        if known is None:
            raise TooLittle(
                "No ticket says when it was opened or resolved, so nothing can be counted by month: see what was "
                "understood of the dates with `seenbefore ingest FILE --dry-run`."
            )
        if period.start >= now:
            raise TooLittle(f"{_capital(period.name)} has not begun: choose an earlier period.")
        if not len(here.opened) and not len(here.done):
            first, last = (f"{at.astimezone(period.zone):%Y-%m}" for at in known)
            raise TooLittle(f"No ticket that you may see was opened or resolved in {period.told}: "
                            f"they run from {first} to {last}.")  # fmt: skip

    def _oldest(self, here: Scene, viewer: Viewer) -> list[tuple[Ticket, float]]:
        days = dict(measures.longest_open(here))
        found = self.records("ticket", list(days), viewer=viewer)
        return [(cast("Ticket", one), days[one.id]) for one in found if one.id is not None]

    def _gaps(self, period: Period, viewer: Viewer) -> Section | None:
        if self.patterns_made is None or self.refusal:
            return None
        return sections.gaps(self._librarian(viewer).gaps(now=period.end))

    def _fared(self, period: Period, viewer: Viewer) -> Table | None:
        start, end = period.seconds
        made = [one for one in self.store.predictions(since=start) if one.at < end]
        said = [one for one in self.store.standing() if start <= (seconds(one[1].at) or 0) < end]
        ids = sorted({one.ticket for one in made} | {ticket for ticket, _ in said})
        tickets = {t.id or 0: t for t in self.records("ticket", ids, viewer=viewer) if isinstance(t, Ticket)}
        return honesty.fared(made, said, tickets, self.policy, within=(start, end))


def _span(facts: Facts) -> tuple[datetime, datetime] | None:
    """When the first and the last thing happened that has a date."""
    known = [times[times != NOT_GIVEN] for times in (facts.opened, facts.done)]
    known = [times for times in known if len(times)]
    if not known:
        return None
    edges = min(int(times.min()) for times in known), max(int(times.max()) for times in known)
    return datetime.fromtimestamp(edges[0], UTC), datetime.fromtimestamp(edges[1], UTC)


def _back(period: Period) -> list[Period]:
    """The periods of a trend, oldest first, this one last."""
    return [period.whole().back(i) for i in range(TREND[period.unit] - 1, 0, -1)] + [period]


def _reaches(period: Period, here: Scene) -> bool:
    """Whether there were tickets before this period ended."""
    opened = here.facts.opened
    return bool(((opened != NOT_GIVEN) & (opened < period.seconds[1])).any())


def _written(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment:%Y, %H:%M %Z}"


def _seen(viewer: Viewer) -> str:
    if viewer.sees_all:
        return "Counted over all tickets."
    if viewer.groups:
        return f"Counted over the tickets that everybody or {', '.join(sorted(viewer.groups))} may see."
    return "Counted over the tickets that everybody on the desk may see."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
