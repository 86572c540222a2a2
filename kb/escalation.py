"""Rules an admin can read that raise a computed priority, say so in words, and never lower it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from kb.errors import BadSetting
from kb.records import Ticket

MOST_READ = 8_000
"""Characters of a ticket in which words such as "all users" are looked for."""
EVERYONE_WORDS: tuple[str, ...] = (
    "all users", "all our users", "all employees", "all staff", "all colleagues", "for everyone",
    "affects everyone", "everyone is affected", "everyone in", "everybody in", "everyone has", "every user",
    "whole site", "entire site", "whole office", "entire office", "whole department", "entire department",
    "whole plant", "whole building", "whole company", "nobody can", "no one can", "no-one can", "no user can",
    "none of us can", "alle Benutzer", "allen Benutzern", "alle Anwender", "allen Anwendern", "alle Mitarbeiter",
    "allen Mitarbeitern", "alle Kollegen", "allen Kollegen", "gesamter Standort", "gesamte Standort",
    "gesamten Standort", "ganze Standort", "ganzen Standort", "gesamte Abteilung", "ganze Abteilung",
    "niemand kann", "keiner kann",
)  # fmt: skip
NAMES: tuple[str, ...] = ("vip", "many", "everyone", "services")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule asks for and how far it raises: to a priority, or by so many steps."""

    at_least: int | None = 2
    """The priority it raises to, 1 the highest; where ``None`` it raises by ``raise_by`` steps."""
    raise_by: int = 0
    more_than: int = 0
    minutes: int = 0
    """More than so many similar tickets in so many minutes: "many" only."""
    words: tuple[str, ...] = ()
    """Words of the ticket for "everyone", names of services and CIs for "services"."""

    def goal(self, priority: int | None) -> int | None:
        """Where it raises this priority to; ``None`` where there is nothing it could be counted from."""
        if self.at_least is not None:
            return self.at_least if priority is None else min(priority, self.at_least)
        return None if priority is None else min(priority, max(1, priority - self.raise_by))


_DEFAULTS: Mapping[str, Rule] = {
    "vip": Rule(),
    "many": Rule(more_than=5, minutes=30),
    "everyone": Rule(words=EVERYONE_WORDS),
    "services": Rule(),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force; ``None`` is off."""

    vip: Rule | None = _DEFAULTS["vip"]
    many: Rule | None = _DEFAULTS["many"]
    everyone: Rule | None = _DEFAULTS["everyone"]
    services: Rule | None = _DEFAULTS["services"]

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Rules:
        """From the setting ``escalation``; a rule that it does not name is off. Raises ``BadSetting``."""
        text = settings.get("escalation")
        return _read(text) if text else cls()

    def to_text(self) -> str:
        """As the setting ``escalation``: JSON."""
        rules = {name: rule for name in NAMES if isinstance(rule := getattr(self, name), Rule)}
        return json.dumps({name: _written(name, rule) for name, rule in rules.items()}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Raised:
    """A priority after the rules, and in words what each step up was for; no words where nothing was raised."""

    priority: int | None
    why: tuple[str, ...] = ()


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """The setting of escalation as text, with what holds where nobody set it."""
    return {"escalation": Rules.from_settings(settings).to_text()}


def raised(priority: int | None, ticket: Ticket, *, similar_lately: int, rules: Rules) -> Raised:
    """The priority after all rules; the same or higher (a smaller number), never lower.

    Each rule counts from the priority given, so rules do not add up: the strongest one holds. ``similar_lately`` are
    the other tickets like this one opened in the ``rules.many.minutes`` before it, see :func:`lately`. Without a
    priority only rules that name one are heard.
    """
    goals: dict[int, list[str]] = {}
    for rule, reason in _heard(ticket, similar_lately, rules):
        goal = rule.goal(priority)
        if goal is not None and (priority is None or goal < priority):
            goals.setdefault(goal, []).append(reason)
    if not goals:
        return Raised(priority)
    if priority is None:
        best = min(goals)
        return Raised(best, (f"at least {best} though impact and urgency are unknown: {_joined(goals[best])}",))
    why, at = [], priority
    for goal in sorted(goals, reverse=True):
        why.append(f"raised from {at} to {goal}: {_joined(goals[goal])}")
        at = goal
    return Raised(at, tuple(why))


def lately(opened_at: datetime | None, others: Iterable[datetime | None], *, minutes: int) -> int:
    """How many of the others were opened in so many minutes before this one, or with it; 0 where it has no time."""
    if opened_at is None:
        return 0
    since = opened_at - timedelta(minutes=minutes)
    return sum(other is not None and since <= other <= opened_at for other in others)


def _heard(ticket: Ticket, similar_lately: int, rules: Rules) -> Iterable[tuple[Rule, str]]:
    """The rules that apply to a ticket, and why in a few words."""
    if rules.vip and ticket.vip:
        yield rules.vip, "VIP caller"
    if rules.many and similar_lately > rules.many.more_than:
        yield rules.many, f"{similar_lately} similar tickets in {rules.many.minutes} minutes"
    if rules.everyone and (said := everyone_words(ticket, rules.everyone.words)):
        yield rules.everyone, f'the ticket says "{said}"'
    if rules.services:
        critical = {_plain(name) for name in rules.services.words}
        for called, name in (("service", ticket.service), ("CI", ticket.ci)):
            if _plain(name) in critical:
                yield rules.services, f"{called} {' '.join(name.split())} is critical"
                break


# --- words such as "all users" -----------------------------------------------------------------------------------

_NOT_BEFORE = re.compile(
    r"(?:\b(?:not|never|no|without|hardly|except|nicht|nie|ohne|kaum|außer|kein\w{0,2})|n't)\s+"
    r"(?:(?:for|by|at|in|on|to|with|the|a|an|of|quite|really|necessarily|yet|longer|more|be|been|being|seen"
    r"|problem|issue|affect\w{0,3}|impact\w{0,3}|happen\w{0,3}|occur\w{0,4}|concern\w{0,3}|hit\w{0,4}|für|auf|am|an"
    r"|bei|mit|im|den|der|die|das|mehr|ganz|etwa|unbedingt|wirklich|auch)\s+){0,4}$"
)
_NOT_AFTER = re.compile(
    r"\s*(?:(?:is|are|was|were|ist|sind|war|waren|can|else|other|here|hier)\s+){0,3}"
    r"(?:not affected|unaffected|not impacted|fine|ok|okay|nicht betroffen|else)\b"
    r"|\s+(?:(?:is|are|was|were|seems)\s+){0,1}(?:still\s+)?(?:isn't|aren't)\s+affected\b"
)
_LOOK_BACK = 60


def everyone_words(ticket: Ticket, words: tuple[str, ...]) -> str:
    """The first of these words that the ticket says and does not deny ("not all users"), as written; "" for none."""
    text = (ticket.text or f"{ticket.title}\n{ticket.body}")[:MOST_READ].replace("’", "'")
    for match in _pattern(words).finditer(text) if words else ():
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()].casefold()
        after = text[match.end() : match.end() + _LOOK_BACK].casefold()
        if before.endswith(("\\", "/", "-", "_", "@")) or after.startswith(("\\", "/", "-", "_", "@")):
            continue
        if not _NOT_BEFORE.search(before) and not _NOT_AFTER.match(after):
            return " ".join(match.group().split())
    return ""


@lru_cache(maxsize=16)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted((r"\s+".join(map(re.escape, word.split())) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)", re.IGNORECASE)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _joined(reasons: list[str]) -> str:
    return " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)


# --- the setting -------------------------------------------------------------------------------------------------

_EXAMPLE = '{"vip": {"at_least": 2}, "many": {"more_than": 5, "minutes": 30, "at_least": 2}}'
_MORE: Mapping[str, tuple[str, ...]] = {
    "vip": (), "many": ("more_than", "minutes"), "everyone": ("words",), "services": ("names",),
}  # fmt: skip
_HIGHEST: Mapping[str, int] = {"at_least": 9, "raise_by": 9, "more_than": 100_000, "minutes": 10_080}


def _read(text: str) -> Rules:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"escalation cannot be read: give JSON such as {_EXAMPLE}.") from error
    if not isinstance(given, dict):
        raise BadSetting(f"escalation must name rules: give JSON such as {_EXAMPLE}.")
    if unknown := [name for name in given if name not in NAMES]:
        raise BadSetting(f"escalation: there is no rule {unknown[0][:40]!r}; the rules are {', '.join(NAMES)}.")
    rules = {name: None if given.get(name) is None else _rule(name, given[name]) for name in NAMES}
    return Rules(**rules)


def _rule(name: str, given: Any) -> Rule:
    may = ("at_least", "raise_by", *_MORE[name])
    if not isinstance(given, dict) or given.keys() - set(may):
        raise BadSetting(f"escalation: rule {name} may have {', '.join(may)}, such as in {_EXAMPLE}.")
    if ("at_least" in given) == ("raise_by" in given):
        raise BadSetting(f"escalation: rule {name} needs either at_least (a priority) or raise_by (steps).")
    if missing := [part for part in _MORE[name] if part not in given]:
        raise BadSetting(f"escalation: rule {name} needs {' and '.join(missing)}.")
    number = {part: _number(name, part, given[part]) for part in may if part in _HIGHEST and part in given}
    words: tuple[str, ...] = ()
    for part in ("words", "names"):
        if part in given:
            words = _words(name, part, given[part])
    return Rule(number.get("at_least"), number.get("raise_by", 0), number.get("more_than", 0), number.get("minutes", 0),
                words)  # fmt: skip


def _number(name: str, part: str, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= _HIGHEST[part]:
        said = f"a whole number from 1 to {_HIGHEST[part]:,}"
        raise BadSetting(f"escalation: {part} of rule {name} is {str(given)[:40]!r}: give {said}.")
    return given


def _words(name: str, part: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(word, str) and word.strip() for word in given):
        raise BadSetting(f'escalation: {part} of rule {name} must be a list of words such as ["all users"].')
    return tuple(" ".join(word.split()) for word in given)


def _written(name: str, rule: Rule) -> dict[str, Any]:
    parts: dict[str, Any] = {"more_than": rule.more_than, "minutes": rule.minutes} if name == "many" else {}
    parts |= {"raise_by": rule.raise_by} if rule.at_least is None else {"at_least": rule.at_least}
    return parts | {part: list(rule.words) for part in _MORE[name] if part in ("words", "names")}
