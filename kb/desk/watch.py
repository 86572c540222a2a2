"""The watchman's side of the desk: what bursts right now, whether fixes held, and what is different about a pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kb import bursts as bursting
from kb import contrasts as contrasting
from kb import held as holding
from kb import usual
from kb.bursts import Burst, Episode, Stream
from kb.contrasts import Contrast
from kb.desk.manager import Manager
from kb.errors import BadSetting
from kb.fixes import gist, resolved_alike
from kb.held import Verdict
from kb.learners import Rates
from kb.records import EVERYONE, Fix, Pattern, Problem, Ref, Ticket, Viewer
from kb.rows import content_hash, moment, seconds
from kb.shelves import Shelf

Ints = NDArray[np.int64]

DAYS = 14
_TUNED_ON = 4_000
"""Latest tickets whose replay sets the bar."""
_VIEWS = 4
"""Replayed streams kept in memory, one for each set of groups and stretch of time that was asked for."""
_LINKED = 5_000
_COMPARED = 3_000
"""Tickets of a pattern, and as many of its neighbours, that are compared; of more, an even part."""
_OWN = 0.5
"""Share of a finer group's tickets that must be linked to a problem, for the group to be the problem's."""


class Watch(Manager):
    """Bursts, verdicts and contrasts, each from the tickets this viewer may see."""

    def bursts(self, *, viewer: Viewer, now: datetime | None = None, days: int = DAYS) -> list[Burst]:
        """Bursts of the last ``days``: open ones first, then the newest; a ticket written a second ago counts.

        Only tickets with a date up to ``now`` count, and none where dates have no time of day. Empty in the first two
        weeks of a desk, when nobody knows what is usual. Raises ``BadSetting`` where counts cannot be judged.
        """
        rates = self._judge()
        now = now or datetime.now(UTC)
        shelf = self.shelves.now().pools["ticket"]
        with self._turn:
            stream = self._stream(shelf, viewer, now, days, rates)
            if stream is None:
                return []
            bar = self._bar(shelf, now, rates)
        episodes = stream.episodes(bar)
        homes = {one: p for p in self.patterns(viewer=viewer) for one in p.members} if episodes else {}
        found = [self._burst(one, stream, shelf, viewer, now, homes) for one in episodes]
        return sorted(found, key=lambda one: (one.state != "open", -one.last.timestamp(), one.id))

    def verdict(self, problem: Ref | Problem, *, viewer: Viewer, now: datetime | None = None) -> Verdict:
        """Did its fix hold? From the tickets of its pattern and those linked to it. Raises ``NotFound``."""
        rates = self._judge()
        now = now or datetime.now(UTC)
        ref = problem if isinstance(problem, Ref) else problem.ref
        found = cast("Problem", self.store.find("problem", ref.number, viewer, source=ref.source or None))
        if found.resolved_at is None:
            return Verdict("cannot say", "Cannot be said: it is not resolved yet.")
        columns = self.shelves.now().pools["ticket"].columns
        mine = self._tickets_of(found, viewer)
        seen = columns.visible(viewer) & (columns.numbers["opened"] > 0)
        inside = np.isin(columns.ids, np.array(sorted(mine), np.int64)) & seen
        opened = columns.numbers["opened"]
        ids = columns.ids[inside][np.argsort(opened[inside], kind="stable")]
        tickets = cast("list[Ticket]", self.store.records("ticket", ids.tolist(), viewer))
        times = np.array([seconds(ticket.opened_at) or 0 for ticket in tickets], np.int64)
        return holding.judge(
            times, np.sort(opened[seen & ~inside]), fixed_at=found.resolved_at, now=now, rates=rates,
            refs=[ticket.ref for ticket in tickets],
        )  # fmt: skip

    def contrasts(self, pattern_id: str, *, viewer: Viewer, now: datetime | None = None) -> list[Contrast]:
        """What is different about a pattern's tickets, the surest first. Raises ``NotFound``."""
        rates = self._judge()
        end = int((now or datetime.now(UTC)).timestamp())
        columns = self.shelves.now().pools["ticket"].columns
        opened = columns.numbers["opened"]
        seen = columns.visible(viewer) & (opened <= end)
        own = np.isin(columns.ids, np.array(self.pattern(pattern_id, viewer=viewer).members, np.int64))
        mine = seen & own
        dated = opened[mine & (opened > 0)]
        others = seen & ~own
        if len(dated):
            others &= (opened >= dated.min() - contrasting.WITHIN) & (opened <= dated.max() + contrasting.WITHIN)
        inside, outside = (
            cast("list[Ticket]", self.store.records("ticket", _evenly(columns.ids[rows], _COMPARED), viewer))
            for rows in (mine, others)
        )
        return contrasting.contrasts(inside, outside, rates=rates)

    def fixes_of(self, pattern_id: str, *, viewer: Viewer, most: int = 60) -> tuple[Fix, ...]:
        """Ways in which a pattern's newest tickets were resolved, best proven first, citing them.

        Raises ``NotFound``.
        """
        ids = self.pattern(pattern_id, viewer=viewer).members
        columns = self.shelves.now().pools["ticket"].columns
        places = columns.places(np.array(ids, np.int64))
        newest = places[np.argsort(-columns.numbers["opened"][places], kind="stable")][: 3 * most]
        found = cast("list[Ticket]", self.store.records("ticket", columns.ids[newest].tolist(), viewer))
        tickets = [ticket for ticket in found if ticket.is_done][:most]
        embedder = self.shelves.embedder
        vectors, _ = self.store.known_vectors([content_hash(gist(t)) for t in tickets], embedder.id, embedder.dim)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return resolved_alike(tickets, vectors, {})

    # --- inside ------------------------------------------------------------------------------------------------

    def _judge(self) -> Rates:
        if self.rates is None:
            raise BadSetting("Counts cannot be judged from here: open the desk with `seenbefore serve`.")
        return self.rates

    def _tickets_of(self, problem: Problem, viewer: Viewer) -> set[int]:
        """Tickets linked to a problem and those of its pattern.

        If it names no pattern, those of the finer groups that were mostly linked to it when it was fixed, and what has
        arrived since that is most like one of them.
        """
        linked = {one.id for _, one in self.store.linked_from(problem, viewer, most=_LINKED) if isinstance(one, Ticket)}
        mine = {i for i in linked if i is not None}
        if problem.pattern:
            named = next((one for one in self.patterns(viewer=viewer) if one.id == problem.pattern), None)
            return mine | set(named.members if named is not None else ())
        now = self.patterns_now()
        if now is None or not mine or problem.resolved_at is None:
            return mine
        shelf = self.shelves.now().pools["ticket"]
        known = np.isin(now.ticket, shelf.columns.ids[shelf.columns.visible(viewer)])
        old = known & (now.opened <= int(problem.resolved_at.timestamp())) & (now.variant >= 0)
        held = np.isin(now.ticket, np.array(sorted(mine), np.int64))
        size = int(now.variant.max(initial=-1)) + 1
        whole = np.bincount(now.variant[old], minlength=size)
        part = np.bincount(now.variant[old & held], minlength=size)
        chosen = np.isin(now.variant, np.flatnonzero((part > 1) & (part >= _OWN * whole)))
        mine |= set(now.ticket[known & chosen].tolist())
        beside = known & np.isin(now.group, np.unique(now.group[chosen]))
        settled, fresh = now.ticket[beside & (now.variant >= 0)], now.ticket[beside & (now.variant < 0)]
        if len(fresh) and len(settled):
            nearest = settled[(shelf.vectors.rows(fresh) @ shelf.vectors.rows(settled).T).argmax(1)]
            mine |= {int(i) for i, other in zip(fresh, nearest, strict=True) if int(other) in mine}
        return mine

    def _stream(self, shelf: Shelf, viewer: Viewer, now: datetime, days: int, rates: Rates) -> Stream | None:
        """The replayed stream of what this viewer may see; only what is new since the last look is replayed."""
        columns = shelf.columns
        end, opened = int(now.timestamp()), columns.numbers["opened"]
        begin = int((now - timedelta(days=days)).timestamp()) // 86_400 * 86_400
        seen = columns.visible(viewer)
        rows = seen & (opened > 0) & (opened <= end) & (opened > begin - usual.HISTORY)
        streams: dict[tuple[tuple[str, ...], int], Stream] = self.kept.setdefault("streams", {})
        key = (("*",) if viewer.sees_all else tuple(sorted(viewer.groups)), begin)
        stream = replayed(columns.ids[rows], opened[rows], begin, shelf, rates, self._callers(), told=streams.get(key))
        if stream is not None:
            streams.pop(key, None)
            streams[key] = stream
            for old in list(streams)[:-_VIEWS]:
                del streams[old]
        return stream

    def _callers(self) -> Callable[[int], int]:
        """Store id → code of its caller, -1 where unknown."""
        seq = self.shelves.now().seq
        if self.kept.get("callers", (None,))[0] != seq:
            codes: dict[str, int] = {}
            known = {int(i): codes.setdefault(who.casefold(), len(codes))
                     for i, who in self.store.facts("ticket", ("id", "caller")) if who}  # fmt: skip
            self.kept["callers"] = seq, known
        known = self.kept["callers"][1]
        return lambda ticket: known.get(ticket, -1)

    def _bar(self, shelf: Shelf, now: datetime, rates: Rates) -> float:
        day = now.date()
        if self.kept.get("bar", (None,))[0] != day:
            columns = shelf.columns
            end, opened = int(now.timestamp()), columns.numbers["opened"]
            rows = columns.visible(EVERYONE) & (opened > 0) & (opened <= end)
            times = np.sort(opened[rows])
            begin = int(times[-_TUNED_ON]) if len(times) > _TUNED_ON else int(times[0]) if len(times) else 0
            rows &= opened > begin - usual.HISTORY
            stream = replayed(columns.ids[rows], opened[rows], begin, shelf, rates, self._callers())
            weeks = 0.0 if stream is None else (end - begin) / (7 * 86_400)
            self.kept["bar"] = day, bursting.bar_for([] if stream is None else [(stream, weeks)])
        return float(self.kept["bar"][1])

    def _burst(
        self, one: Episode, stream: Stream, shelf: Shelf, viewer: Viewer, now: datetime, homes: Mapping[int, Pattern]
    ) -> Burst:
        """An episode with its name: that of the pattern at least half of it is in, else of its most central ticket."""
        ids = stream.ids[list(one.rows)]
        flag = stream.ids[list(one.sign.members)]
        found = [homes[i] for i in ids.tolist() if i in homes]
        pattern = max(found, key=found.count) if found else None
        if pattern is not None and 2 * found.count(pattern) >= len(ids):
            home, name = pattern.id, pattern.name
        else:
            matrix = shelf.vectors.rows(ids)
            central = int(ids[int((matrix @ matrix.sum(0)).argmax())])
            home, name = "", "".join(t.title for t in self.store.records("ticket", [central], viewer))[:120]
        times = stream.times[list(one.rows)]
        told = stream.times[list(one.sign.members)]
        told = told[told > told[-1] - one.sign.window]
        open_ = now.timestamp() - int(times[-1]) <= bursting.QUIET
        return Burst(
            f"B{datetime.fromtimestamp(int(told[0]), UTC):%Y%m%d}-{int(flag[-len(told)])}", home, name,
            tuple(int(i) for i in ids), one.sign.window // 60, one.sign.count, one.sign.usual,
            cast("datetime", moment(int(times[0]))), cast("datetime", moment(int(stream.times[one.sign.row]))),
            cast("datetime", moment(int(times[-1]))), "open" if open_ else "over", int(told[-1] - told[0] + 59) // 60,
        )  # fmt: skip


def _evenly(ids: Ints, most: int) -> list[int]:
    """All of them, or an even part."""
    return [int(i) for i in ids[:: max(1, -(-len(ids) // most))]]


def replayed(
    ids: Ints, times: Ints, begin: int, shelf: Shelf, rates: Rates, callers: Callable[[int], int], *,
    told: Stream | None = None,
) -> Stream | None:  # fmt: skip
    """A stream of these tickets, replayed from ``begin`` on; ``None`` where their dates tell nothing.

    ``told`` is the stream as it was: where it only has grown since, what is new is replayed alone.
    """
    order = np.lexsort((ids, times))
    ids, times = ids[order], times[order]
    if not len(ids) or usual.only_days(times):
        return None
    old = 0 if told is None else len(told.ids)
    grown = told is not None and np.array_equal(told.ids, ids[:old]) and np.array_equal(told.times, times[:old])
    if told is not None and grown and old == len(ids):
        return told
    start = int(np.searchsorted(times, begin))
    wanted = np.zeros(len(ids), bool)
    wanted[max(0, start - bursting.TUNED) :] = True
    wanted[Stream.sample(times, ids)] = True
    codes = np.array([callers(i) for i in ids.tolist()], np.int64)
    where = np.where(wanted, np.cumsum(wanted) - 1, -1)
    alike = told.alike if told is not None and grown else ()
    stream = Stream(times, ids, shelf.vectors.rows(ids[wanted]), rates, where, codes, alike)
    if told is not None and grown:
        stream.carry_on(told)
    stream.replay(max(start, old) if grown else start)
    return stream
