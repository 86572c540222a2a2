"""Who may see what: rules that narrow the audience of a record, and the check that a viewer may do an act."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from kb.errors import BadSetting, NotAllowed
from kb.records import Kind, Viewer
from kb.roles import ACTS, WRITING, of_program, who_may
from kb.rows import pack_audience, unpack_audience

NOBODY = "nobody"
"""Stands in an audience that no group is in: only who sees everything sees such a record."""
FIELDS: Mapping[str, str] = {"category": "category", "subcategory": "subcategory", "service": "service",
                             "assignment group": "assignment_group", "department": "department"}  # fmt: skip
"""What a rule may look at, besides ``words`` → the column it stands in."""
WORDS = "words"
TEXTS: Mapping[Kind, tuple[str, ...]] = {
    "ticket": ("title", "body", "resolution", "notes"),
    "article": ("title", "summary", "body"),
    "problem": ("title", "symptom", "probable_cause", "root_cause", "workaround", "fix"),
}
"""Where confidential words are looked for."""
FLAGS = ("restricted", "confidential", "private", "sensitive")
"""A column of an export so named (also with is, u or flag around it) says that a record is not for everybody."""
_NO = frozenset({"", "0", "0.0", "false", "no", "n", "off", "none", "null", "nan", "public", "normal", "open",
                 "nein", "non", "нет"})  # fmt: skip
_AROUND = re.compile(r"(?:^(?:is|u|x|cf|custom)(?:_| ))+|(?:_| )flag$")
_MOST, _LONGEST = 200, 120


def require(viewer: Viewer, act: str) -> None:
    """Raise ``NotAllowed`` where the viewer may not do an act, naming the roles that may."""
    if viewer.may(act):
        return
    if viewer.looking and act in WRITING:
        raise NotAllowed("You look at the desk as somebody else: go back to yourself to change anything.")
    if of_program(viewer.roles):
        raise NotAllowed(f"This key may not {ACTS.get(act, ACTS['unlisted'])}: it needs another scope.")
    raise NotAllowed(f"Your role does not let you {ACTS.get(act, ACTS['unlisted'])}: ask {who_may(act)}.")


@dataclass(frozen=True, slots=True)
class Rule:
    """Records whose ``by`` (a key of :data:`FIELDS`, or "words") has one of ``values`` are for these groups only."""

    by: str
    values: tuple[str, ...]
    groups: tuple[str, ...]
    """Nobody in particular means: nobody but who sees everything."""

    @property
    def told(self) -> str:
        """The rule in words."""
        named = ", ".join(f"“{value}”" for value in self.values)
        where = f"with the words {named}" if self.by == WORDS else f"whose {self.by} is {named}"
        return f"Records {where} are for {' and '.join(self.groups) or NOBODY} only."


@dataclass(frozen=True)
class Rules:
    """All rules. Each that matches narrows: a record is for the groups that every matching rule names."""

    rules: tuple[Rule, ...] = ()

    @cached_property
    def _by_value(self) -> dict[str, dict[str, list[frozenset[str]]]]:
        found: dict[str, dict[str, list[frozenset[str]]]] = {}
        for rule in self.rules:
            if rule.by == WORDS:
                continue
            place = found.setdefault(FIELDS[rule.by], {})
            for value in rule.values:
                place.setdefault(_same(value), []).append(_groups(rule))
        return found

    @cached_property
    def _by_words(self) -> list[tuple[re.Pattern[str], frozenset[str]]]:
        made = []
        for rule in self.rules:
            if rule.by == WORDS:
                either = "|".join(re.escape(_same(value)) for value in sorted(rule.values, key=len, reverse=True))
                made.append((re.compile(rf"(?<!\w)(?:{either})(?!\w)"), _groups(rule)))
        return made

    def columns(self, kind: Kind) -> tuple[str, ...]:
        """The columns of a record that :meth:`audience` reads."""
        texts = TEXTS[kind] if self._by_words else ()
        others = ("subcategory", "assignment_group", "department", "service") if kind == "ticket" else ()
        return ("category", *others, *(("service",) if kind == "problem" else ()), "extra", "audience_given", *texts)

    def audience(self, kind: Kind, row: Mapping[Any, Any]) -> str:
        """Who may see a record, packed as the store keeps it; ``row["audience_given"]`` is what people said of it."""
        given = row["audience_given"]
        narrowed = [frozenset(unpack_audience(given))] if given else []
        for column, values in self._by_value.items():
            narrowed += values.get(_same(row.get(column) or ""), ())
        if self._by_words:
            text = _same("\n".join(row[name] or "" for name in TEXTS[kind]))
            narrowed += [groups for pattern, groups in self._by_words if pattern.search(text)]
        if not narrowed:
            return pack_audience([NOBODY]) if flagged(row["extra"]) else ""
        return pack_audience(frozenset.intersection(*narrowed) or [NOBODY])


@dataclass(frozen=True)
class InForce:
    """The rules as they are kept: while new ones are being applied, those before them narrow too."""

    rules: tuple[Rule, ...] = ()
    before: tuple[Rule, ...] = ()
    """Earlier rules that some stored records still are under."""
    since: int = -1
    """The change number at which the rules were set and not yet applied to all; -1 where they are."""
    done: Mapping[str, int] = field(default_factory=dict)
    """Kind → store id up to which they are applied."""

    @property
    def finished(self) -> bool:
        """Whether every stored record is under the rules."""
        return self.since < 0

    @property
    def now(self) -> Rules:
        """What narrows at this moment: the stricter of both."""
        return Rules(tuple(dict.fromkeys((*self.rules, *self.before))))

    @property
    def then(self) -> Rules:
        """What narrows once they are applied to all."""
        return Rules(self.rules)

    def to_json(self) -> str:
        """As it is kept among the settings."""
        plain = {"rules": [asdict(rule) for rule in self.rules], "before": [asdict(rule) for rule in self.before],
                 "since": self.since, "done": dict(self.done)}  # fmt: skip
        return json.dumps(plain, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> InForce:
        """The other way round. Raises ``BadSetting`` where it cannot be read, so that nothing is shown by mistake."""
        if not text:
            return cls()
        try:
            plain = json.loads(text)
            rules, before = ([_rule(one) for one in plain[name]] for name in ("rules", "before"))
            done = {str(kind): int(last) for kind, last in plain["done"].items()}
            return cls(tuple(rules), tuple(before), int(plain["since"]), done)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadSetting(
                "The saved rules of who may see what cannot be read: bring the store back from a backup."
            ) from error


def checked(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules as they are kept: trimmed, doubles gone. Raises ``BadSetting`` with the place of one we cannot use."""
    if len(rules) > _MOST:
        raise BadSetting(f"{len(rules)} rules are too many: join some, {_MOST} at most.")
    made = []
    for place, rule in enumerate(rules, 1):
        if rule.by != WORDS and rule.by not in FIELDS:
            raise BadSetting(f"Rule {place} looks at {rule.by[:40]!r}: choose {', '.join([*FIELDS, WORDS])}.")
        values, groups = _names(rule.values), _names(rule.groups)
        if not values:
            raise BadSetting(f"Rule {place} has nothing to look for: give one or more values.")
        if rule.by == WORDS and any(not re.search(r"\w", value) for value in values):
            raise BadSetting(f"Rule {place} looks for signs only: give words.")
        made.append(Rule(rule.by, values, tuple(name for name in groups if name != NOBODY)))
    return tuple(dict.fromkeys(made))


def flagged(extra: str | Mapping[str, str]) -> bool:
    """Whether a column of the export says that the record is restricted, without saying to whom."""
    if not extra or extra == "{}":
        return False
    columns: Mapping[str, Any] = json.loads(extra) if isinstance(extra, str) else extra
    return any(_flag(name) in FLAGS and str(value).strip().casefold() not in _NO for name, value in columns.items())


def _flag(name: str) -> str:
    return _AROUND.sub("", name.strip().casefold().replace("-", " ")).replace("_", " ").strip()


def _groups(rule: Rule) -> frozenset[str]:
    return frozenset(unpack_audience(pack_audience(rule.groups))) or frozenset({NOBODY})


def _same(text: str) -> str:
    """What counts as equal: letters of any size and form, runs of white space as one space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for value in values if (name := " ".join(value.split())[:_LONGEST])))


def _rule(plain: Mapping[str, Any]) -> Rule:
    if plain["by"] != WORDS and plain["by"] not in FIELDS:
        raise ValueError(plain["by"])
    return Rule(str(plain["by"]), tuple(map(str, plain["values"])), tuple(map(str, plain["groups"])))
