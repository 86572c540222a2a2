"""The audience of every stored record under the rules: worked out at each write, and anew where rules change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from kb import schema as s
from kb.access import InForce, Rule, Rules, checked
from kb.audit import Audit
from kb.database import chunks, next_seq, one_writer
from kb.records import Kind

SETTING = "access_rules"
TABLES: Mapping[Kind, sa.Table] = {"ticket": s.tickets, "article": s.articles, "problem": s.problems}
BATCH = 2_000
Say = Callable[[str, int, int], None]
_ALL = 1 << 40


def quiet(what: str, done: int, of: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What new rules would do, in records of all kinds."""

    records: int
    narrowed: int
    """Seen by fewer than now."""
    widened: int
    """Seen by others than now: more, or different groups."""
    nobody: int
    """Seen by nobody but who sees everything."""
    matched: tuple[int, ...]
    """How many each rule matches, in their order."""


def in_force(db: sa.Connection) -> InForce:
    """The rules as this transaction sees them."""
    return InForce.from_json(db.scalar(sa.select(s.settings.c.value).where(s.settings.c.name == SETTING)))


def ruled(kind: Kind, row: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """A row of :func:`kb.rows.to_row` with what people said kept apart from who may see it."""
    said = {**row, "audience_given": row["audience"]}
    return {**said, "audience": rules.audience(kind, said)}


class Audiences(Audit):
    """Rules of who may see what, and their application to what is stored."""

    def access_rules(self) -> InForce:
        """The rules, and how far they are applied. Raises ``BadSetting`` where they cannot be read."""
        with self._reading() as db:
            return in_force(db)

    def preview_access(self, rules: Sequence[Rule], *, say: Say = quiet) -> Preview:
        """What these rules would do; nothing is written. Raises ``BadSetting``."""
        new = Rules(checked(rules))
        single = [Rules((rule,)) for rule in new.rules]
        found, matched, total, done = Counter[str](), [0] * len(single), self._count(), 0
        for kind, rows in self._each(new.columns):
            for row in rows:
                now, then = row["audience"], new.audience(kind, row)
                found["nobody"] += "|nobody|" in then
                if then != now:
                    found["narrowed" if _within(then, now) else "widened"] += 1
                blank = {**row, "audience_given": "", "extra": ""}
                for at, one in enumerate(single):
                    matched[at] += one.audience(kind, blank) != ""
            done += len(rows)
            say("Looking at records", done, max(total, done))
        return Preview(done, found["narrowed"], found["widened"], found["nobody"], tuple(matched))

    def apply_access(
        self, rules: Sequence[Rule], *, by: str = "", at: int | None = None, batches: int = _ALL, say: Say = quiet
    ) -> tuple[int, int]:  # fmt: skip
        """Set the rules and apply them to all that is stored; returns records (narrowed at once, changed after).

        Everything that has to be hidden is hidden in the same transaction that sets them; what may be shown again
        follows, at most ``batches`` now. Stopped in between, the stricter of the old and the new rules stands until
        :meth:`resume_access`. Raises ``BadSetting``.
        """
        new = checked(rules)
        seq, hidden = self._hidden_by(new, say)
        with self._writing() as db:
            one_writer(db)
            old = in_force(db)
            before = tuple(rule for rule in dict.fromkeys((*old.rules, *old.before)) if rule not in new)
            stamp = next_seq(db)
            state = InForce(new, before, stamp)
            for kind, rows in _rows(db, state.now.columns, since=seq):
                hidden[kind] |= {row["id"]: state.now.audience(kind, row) for row in rows}
            n = sum(_set(db, kind, audiences, stamp) for kind, audiences in hidden.items())
            _keep(db, state, by, at)
            self._note(db, "configured", "access rules", by=by, detail={"rules": len(new), "narrowed": n})
        return n, self.resume_access(by=by, at=at, batches=batches, say=say)

    def resume_access(
        self, *, by: str = "", at: int | None = None, batches: int = _ALL, say: Say = quiet
    ) -> int:  # fmt: skip
        """Go on applying the rules where it stopped; returns how many records changed. Harmless when finished."""
        changed, total, kinds = 0, self._count(), list(TABLES)
        while batches > 0 and kinds and not self.access_rules().finished:
            n, more, seen = self._apply_batch(kinds[0], by, at)
            changed, batches = changed + n, batches - 1
            say("Applying the rules", seen, max(total, seen))
            if not more:
                kinds.pop(0)
        return changed if kinds else changed + self._finish(by, at)

    # --- inside ------------------------------------------------------------------------------------------------

    def _finish(self, by: str, at: int | None) -> int:
        """Put what changed meanwhile under the rules too, and let go of those before them."""
        changed = 0
        with self._writing() as db:
            one_writer(db)
            state = in_force(db)
            if not state.finished:
                stamp = next_seq(db)
                for kind, rows in _rows(db, state.then.columns, since=state.since):
                    changed += _set(db, kind, _differing(kind, rows, state.then), stamp)
                _keep(db, InForce(state.rules), by, at)
        return changed

    def _hidden_by(self, new: Sequence[Rule], say: Say) -> tuple[int, dict[Kind, dict[int, str]]]:
        """Change number, and kind → store id → audience, of what the old and the new rules together narrow."""
        old = self.access_rules()
        both = Rules(tuple(dict.fromkeys((*new, *old.rules, *old.before))))
        with self._reading() as db:
            seq = int(db.scalar(sa.select(s.counter.c.value).where(s.counter.c.name == "seq")) or 0)
        found: dict[Kind, dict[int, str]] = {kind: {} for kind in TABLES}
        total, done = self._count(), 0
        for kind, rows in self._each(both.columns):
            found[kind] |= _differing(kind, rows, both)
            done += len(rows)
            say("Looking at records", done, max(total, done))
        return seq, found

    def _apply_batch(self, kind: Kind, by: str, at: int | None) -> tuple[int, bool, int]:
        """One transaction: (records changed, whether there are more, store id it came to)."""
        with self._writing() as db:
            one_writer(db)
            state = in_force(db)
            if state.finished:
                return 0, False, 0
            rows = _some(db, kind, state.then.columns(kind), after=state.done.get(kind, 0))
            if not rows:
                return 0, False, state.done.get(kind, 0)
            differing, last = _differing(kind, rows, state.then), int(rows[-1]["id"])
            changed = _set(db, kind, differing, next_seq(db)) if differing else 0
            _keep(db, replace(state, done={**state.done, kind: last}), by, at)
        return changed, len(rows) == BATCH, last

    def _count(self) -> int:
        with self._reading() as db:
            return sum(int(db.scalar(sa.select(sa.func.count(t.c.id))) or 0) for t in TABLES.values())

    def _each(self, columns: Callable[[Kind], Sequence[str]]) -> Iterator[tuple[Kind, Sequence[Mapping[Any, Any]]]]:
        with self._reading() as db:
            yield from _rows(db, columns)


def _rows(
    db: sa.Connection, columns: Callable[[Kind], Sequence[str]], *, since: int = -1
) -> Iterator[tuple[Kind, Sequence[Mapping[Any, Any]]]]:  # fmt: skip
    for kind in TABLES:
        last = 0
        while rows := _some(db, kind, columns(kind), after=last, since=since):
            last = int(rows[-1]["id"])
            yield kind, rows


def _some(
    db: sa.Connection, kind: Kind, columns: Sequence[str], *, after: int, since: int = -1
) -> Sequence[sa.RowMapping]:  # fmt: skip
    t = TABLES[kind].c
    query = sa.select(t.id, t.audience, *(t[name] for name in columns)).where(t.id > after)
    if since >= 0:
        query = query.where(t.seq > since)
    return db.execute(query.order_by(t.id).limit(BATCH)).mappings().all()


def _differing(kind: Kind, rows: Sequence[Mapping[Any, Any]], rules: Rules) -> dict[int, str]:
    found = ((row["id"], row["audience"], rules.audience(kind, row)) for row in rows)
    return {at: then for at, now, then in found if then != now}


def _set(db: sa.Connection, kind: Kind, audiences: Mapping[int, str], seq: int) -> int:
    table = TABLES[kind]
    change = sa.update(table).where(table.c.id == sa.bindparam("row_id"))
    change = change.values(audience=sa.bindparam("audience"), seq=sa.bindparam("seq"))
    for part in chunks([{"row_id": at, "audience": one, "seq": seq} for at, one in audiences.items()]):
        db.execute(change, part)
    return len(audiences)


def _keep(db: sa.Connection, state: InForce, by: str, at: int | None) -> None:
    db.execute(sa.delete(s.settings).where(s.settings.c.name == SETTING))
    row = {"name": SETTING, "value": state.to_json(), "changed_by": by, "changed_at": at}
    db.execute(sa.insert(s.settings), row)


def _within(then: str, now: str) -> bool:
    """Whether everybody who would see it sees it now."""
    if not then:
        return False
    return not now or set(then.split("|")) <= {*now.split("|"), "nobody"}


__all__ = ["Audiences", "Preview", "in_force", "ruled"]
