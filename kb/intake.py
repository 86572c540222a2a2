"""Records that programs send: read and prepared as an import is, written all or nothing, reported row by row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from kb.access import require
from kb.errors import NotATable, RowsRefused
from kb.merging import Merging
from kb.records import Kind, Record, Ref, Viewer
from kb.store import Change, Store
from kb.tables import Asked, BadRow, LinkRow, Remark, rows, understand
from kb.tables.mapping import LEVELS, RowKind
from kb.text import prepare

OURS: Mapping[str, str] = {"ticket": "generic", "article": "articles"}
"""Presets that know our own field names."""
_HIGHEST: Mapping[str, Any] = dict.fromkeys(LEVELS, "highest")
_INSIDE = ("issue", "ticket", "incident", "record", "result", "records", "results", "tickets", "issues", "data")
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of rows that were taken: counts, what was noticed, and the names of the records."""

    change: Change | None
    """Counts as the viewer sees them; ``None`` where he reads nothing."""
    refs: tuple[Ref, ...]
    remarks: tuple[Remark, ...] = ()


def take(
    store: Store, kind: Kind, objects: Sequence[Mapping[str, Any]], *, source: str, viewer: Viewer, preset: str = "",
    owns: bool = False,
) -> Taken:  # fmt: skip
    """Add or change records by (source, number); fields that a row does not name stay as they were.

    Without ``preset`` the rows use our own field names, and 1 is the highest priority. What is told is the same whether
    a number is free or taken by a record the viewer may not see: that one takes the new fields too, but who may see it
    stays as it was, unless ``owns``: the sender is the tool that the records of this source come from. Raises
    ``NotAllowed``, and ``RowsRefused`` where any row cannot be taken, its number stands twice, or who reads with the
    viewer's rights could not read what would be there.
    """
    require(viewer, f"send {kind}s")
    read, remarks = _read(kind, objects, source=source, preset=preset)
    outside = [BadRow(at, "audience", "", _NOT_IN) for at, (one, _) in enumerate(read, 1)
               if viewer.reads and not viewer.may_see(one.audience)]  # fmt: skip
    if outside:
        raise RowsRefused(outside)
    named = {one.ref: given for one, given in read}
    change = store.write(kind, [one for one, _ in read], viewer=None if owns else viewer,
                         merge=lambda old, new: Merging(named[new.ref])(old, new))  # fmt: skip
    return Taken(change if viewer.reads else None, tuple(one.ref for one, _ in read), tuple(remarks))


_NOT_IN = "is for groups that this key is not in; whoever writes a record must be able to read it"


def _read(
    kind: Kind, objects: Sequence[Mapping[str, Any]], *, source: str, preset: str
) -> tuple[list[tuple[Record, tuple[str, ...]]], list[Remark]]:
    """The records, each with the fields its row named, and remarks. Raises ``RowsRefused``."""
    asked = Asked(preset=preset, source=source) if preset else Asked(
        preset=OURS[kind], source=source, directions=_HIGHEST)  # fmt: skip
    try:
        found = understand(json.dumps(list(objects)).encode(), asked)
    except NotATable as error:
        raise RowsRefused([BadRow(1, "number", "", str(error).replace("the file", "this"))]) from error
    if found.kind != cast("RowKind", f"{kind}s"):
        raise RowsRefused([BadRow(1, "", "", f"these are {found.kind}, and {kind}s are taken here")])
    read: list[tuple[Record, tuple[str, ...]]] = []
    remarks: list[Remark] = []
    refused: list[BadRow] = []
    at = 0
    for row in rows(found):
        if isinstance(row, Remark):
            remarks.append(row)
            continue
        at += 1
        if isinstance(row, BadRow):
            refused.append(row)
        elif not isinstance(row, LinkRow):
            its = objects[at - 1]
            named = tuple(to for to, column in found.mapping.items() if column in its or column.split(".")[0] in its)
            read.append((prepare(row), named))
    if refused:
        raise RowsRefused(refused)
    return read, remarks


# --- what ticketing tools send --------------------------------------------------------------------------------------


def unwrapped(payload: Any) -> list[dict[str, Any]]:
    """The tickets inside what a tool sends, flat: ServiceNow's record, Jira's issue, Zammad's ticket, or a list.

    Raises ``RowsRefused`` where there is none.
    """
    found = _inside(payload, 0)
    if not found:
        raise RowsRefused([BadRow(1, "", "", "is no ticket: send an object with named values")])
    return [_flat(one) for one in found]


def _inside(payload: Any, depth: int) -> list[dict[str, Any]]:
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, dict)] if all(isinstance(o, dict) for o in payload) else []
    if not isinstance(payload, dict):
        return []
    for name in _INSIDE:
        inner = payload.get(name)
        if isinstance(inner, (dict, list)) and inner and depth < _DEEPEST:
            found = _inside(inner, depth + 1)
            if name == "ticket" and len(found) == 1:
                return [_with_first_article(found[0], payload.get("article"))]
            return found
    return [payload]


def _with_first_article(ticket: dict[str, Any], article: Any) -> dict[str, Any]:
    """Zammad keeps what a ticket says in its first article; later ones are answers."""
    if isinstance(article, dict) and "body" not in ticket and ticket.get("article_count") == 1:
        return {**ticket, "body": article.get("body")}
    return ticket


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """Jira's ``fields`` beside its key, and objects that only name something as that name."""
    fields = one.get("fields")
    flat = {**{k: v for k, v in one.items() if k != "fields"}, **fields} if isinstance(fields, dict) else dict(one)
    return {name: _named(value) for name, value in flat.items()}


def _named(value: Any) -> Any:
    if isinstance(value, dict) and "display_value" not in value:
        for key in ("name", "displayName", "value"):
            if isinstance(value.get(key), str):
                return value[key]
    return value
