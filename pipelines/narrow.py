"""What a reader narrows a search down to: read from options, and held against what the desk has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kb.desk import Desk
from kb.errors import BadSetting
from kb.records import ARTICLE_STATES, STATES, Filter, Kind, Viewer
from kb.shelves import KINDS

_KINDS: dict[str, tuple[Kind, ...]] = {"": (), **{kind: (kind,) for kind in KINDS}}
_NAMED = 5


def read(
    *,
    kind: str = "",
    categories: Sequence[str] | None = None,
    services: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
    since: str = "",
    before: str = "",
) -> Filter:
    """The filter as it was typed. Raises ``BadSetting`` for a kind, state or day that cannot be one."""
    if kind not in _KINDS:
        raise BadSetting(f"--kind is {kind!r}: give {', '.join(KINDS)}.")
    return Filter(
        _KINDS[kind], tuple(categories or ()), tuple(services or ()), tuple(groups or ()),
        tuple(_state(state) for state in states or ()), day("--since", since), day("--before", before),
    )  # fmt: skip


def known(asked: Filter, desk: Desk, *, viewer: Viewer) -> Filter:
    """The same filter with values spelt as the desk spells them.

    Raises ``BadSetting`` for a value no record has that this viewer may see, in the same words whether it is hidden
    or absent: "not seen before" would be the wrong answer to a typing mistake.
    """
    if desk.refusal or not (asked.categories or asked.services or asked.groups):
        return asked
    of_tickets = desk.facets(viewer=viewer)
    of_articles = desk.shelves.now().pools["article"].columns.facets(viewer)
    categories = [value for value, _ in (*of_tickets.get("category", ()), *of_articles.get("category", ()))]
    services, groups = ([value for value, _ in of_tickets.get(name, ())] for name in ("service", "group"))
    return replace(
        asked,
        categories=_spelt("category", asked.categories, categories),
        services=_spelt("service", asked.services, services),
        groups=_spelt("assignment group", asked.groups, groups),
    )


def _spelt(what: str, given: Sequence[str], there: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for value in given:
        same = [one for one in there if one.casefold() == value.strip().casefold()]
        if not same:
            some = ", ".join(dict.fromkeys(there[:_NAMED]))
            hint = f"there is {some}{', …' if len(there) > _NAMED else ''}." if some else "no record names one."
            raise BadSetting(f"No {what} {value[:80]!r} here: {hint}")
        found += [value] if value in same else same
    return tuple(dict.fromkeys(found))


def _state(given: str) -> str:
    state = given.strip().casefold()
    if state not in (*STATES, *ARTICLE_STATES):
        raise BadSetting(f"--state is {given[:80]!r}: give {', '.join(STATES)}.")
    return state


def day(option: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"{option} is {text!r}: give a day such as 2026-01-31.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
