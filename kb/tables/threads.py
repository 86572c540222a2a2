"""Conversations in exports: what the caller wrote first, what was said on the way, and the last public answer.

A tool that has no field for the resolution has it in its thread. It is never mixed into what was known at opening.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.markup import looks_like_html, to_text

OPENING = "#opening"
"""Behind a column's name: the first entry of its thread, which is the description where there is no other."""
ANSWER = "#answer"
"""Behind a column's name: the last public entry that the caller did not write."""
_TEXTS = ("plain_body", "body_text", "body", "Body", "content", "text", "html_body", "#text")
_WHEN = ("created_at", "created", "CreateTime", "createTime", "date", "date_creation", "created_time", "@created")
_WHO = ("author_id", "user_id", "author", "@author", "users_id", "from", "From", "created_by", "by")
_CALLERS = (
    "requester_id", "requester", "submitter_id", "reporter", "customer_id", "customer", "caller_id", "Reporter",
    "Reporter Id", "CustomerUserID", "users_id_recipient",
)  # fmt: skip
_NAMES = ("id", "name", "displayName", "accountId", "email")
_JIRA = re.compile(r"\s{0,5}([\d./-]{6,10}[ T]?[^;\n]{0,16}|\d{1,2}/[^;/\n]{3,9}/\d{2,4}[^;\n]{0,12});([^;\n]{0,80});")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody wrote; ``agent`` is ``None`` where nothing tells who it was."""

    text: str
    public: bool = True
    agent: bool | None = None
    who: str = ""


def is_thread(value: Any) -> bool:
    """Whether a JSON value is a list of things people wrote: a text and a time or an author each."""
    return isinstance(value, list) and bool(value) and all(
        isinstance(one, dict) and any(one.get(key) for key in _TEXTS) and any(key in one for key in (*_WHEN, *_WHO))
        for one in value[:5]
    )  # fmt: skip


def thread_cells(key: str, value: Sequence[Mapping[str, Any]], callers: frozenset[str]) -> dict[str, str]:
    """The cells of a thread: all that was said under ``key``, its opening and its answer beside it."""
    return _cells(key, [_entry(one, callers) for one in value])


def joined_cells(name: str, parts: Sequence[str], callers: frozenset[str]) -> dict[str, str]:
    """The cells of a column that a tool repeats for each comment, written as "time;author;text"."""
    entries = []
    for part in parts:
        match = _JIRA.match(part)
        who = match[2].strip() if match else ""
        text = part[match.end() :].strip() if match else part
        entries.append(Entry(text, agent=who.casefold() not in callers if who else None, who=who))
    return {name: "\n\n".join(parts), name + ANSWER: _answer(entries)}


def _cells(key: str, entries: Sequence[Entry]) -> dict[str, str]:
    if not entries:
        return {key: ""}
    said = "\n\n".join(one.text for one in entries if one.text)
    return {key: said, key + OPENING: entries[0].text, key + ANSWER: _answer(entries)}


def _answer(entries: Sequence[Entry]) -> str:
    """The last public entry of an agent; where nobody's side is known, the last public one."""
    public = [one for one in entries if one.public and one.text]
    ours = [one for one in public if one.agent]
    if ours or any(one.agent is not None for one in public):
        return ours[-1].text if ours else ""
    return public[-1].text if public else ""


def _entry(given: Mapping[str, Any], callers: frozenset[str]) -> Entry:
    text = next((found for key in _TEXTS if (found := rich_text(given.get(key)))), "")
    who = next((_name(given[key]) for key in _WHO if given.get(key)), "")
    return Entry(text, _public(given), _agent(given, who, callers), who)


def _public(given: Mapping[str, Any]) -> bool:
    for key in ("public", "jsdPublic", "IsVisibleForCustomer", "is_public"):
        if key in given:
            return _true(given[key])
    return not any(_true(given.get(key)) for key in ("private", "internal", "is_private"))


def _agent(given: Mapping[str, Any], who: str, callers: frozenset[str]) -> bool | None:
    side = str(given.get("sender") or given.get("SenderType") or given.get("author_type") or "").casefold()
    if side:
        return side.startswith("agent")
    if "incoming" in given:
        return not _true(given["incoming"])
    return who.casefold() not in callers if who and callers else None


def _true(value: Any) -> bool:
    return value is True or str(value).strip().casefold() in ("1", "true", "yes")


def _name(value: Any) -> str:
    if isinstance(value, Mapping):
        return next((str(value[key]) for key in ("displayName", "name", "email", "id") if value.get(key)), "")
    return str(value)


def callers_of(record: Mapping[str, Any]) -> frozenset[str]:
    """Names and ids under which the caller of this record may write in its thread."""
    found: set[str] = set()
    inner = record.get("fields")
    for place in (record, inner if isinstance(inner, Mapping) else {}):
        for key in _CALLERS:
            value = place.get(key)
            if isinstance(value, Mapping):
                found |= {
                    str(value[name]) for name in ("id", "name", "displayName", "accountId", "email") if value.get(name)
                }
            elif value:
                found.add(str(value))
    return frozenset(name.casefold() for name in found)


def rich_text(value: Any) -> str:
    """A body as text: a string, HTML, or the tree of nodes that Jira keeps (Atlassian Document Format)."""
    if isinstance(value, str):
        return (to_text(value) if looks_like_html(value) else value).strip()
    if is_document(value):
        return "".join(_nodes(value, 0)).strip()
    return ""


def is_document(value: Any) -> bool:
    """Whether a JSON value is such a tree."""
    return isinstance(value, Mapping) and value.get("type") == "doc" and isinstance(value.get("content"), list)


_BLOCKS = frozenset(("paragraph", "heading", "codeBlock", "blockquote", "listItem", "tableRow", "rule", "panel"))


def _nodes(node: Any, depth: int) -> Iterator[str]:
    if not isinstance(node, Mapping) or depth > 40:
        return
    kind = node.get("type")
    if kind == "text":
        yield str(node.get("text", ""))
    elif kind == "hardBreak":
        yield "\n"
    elif kind in ("mention", "emoji", "status", "inlineCard"):
        facts = node.get("attrs")
        yield str(facts.get("text") or facts.get("url") or "") if isinstance(facts, Mapping) else ""
    inner = node.get("content")
    for one in inner if isinstance(inner, list) else ():
        yield from _nodes(one, depth + 1)
    if kind in _BLOCKS:
        yield "\n"
