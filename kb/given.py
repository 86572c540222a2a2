"""What people set on a problem stands over what an export says of it, outlives the next one, and can be taken off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from kb.records import Problem, Record
from kb.rows import from_row, to_row, unpack_audience
from kb.text import prepare

Value = str | int | None
"""A field of a problem as its column has it: times as seconds since 1970."""
TOLD = ("title", "symptom", "impact", "probable_cause", "root_cause", "workaround", "fix", "owner", "state", "category",
        "service", "resolved_at")  # fmt: skip
"""The fields whose changes are kept in the history."""


def given(row: Mapping[Any, Any]) -> dict[str, Value]:
    """What the export says of the fields that people set, by name; empty where nobody set any."""
    text = row.get("given") or ""
    return cast("dict[str, Value]", json.loads(text)) if text else {}


def as_given(record: Record, row: Mapping[Any, Any]) -> Record:
    """The record as it was given: without what people set on a problem, and without the rules of access."""
    if not isinstance(record, Problem):
        return replace(record, audience=unpack_audience(row["audience_given"]))
    return from_row("problem", {**row, **given(row), "audience": row["audience_given"]})


def differing(old: Mapping[Any, Any], new: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, Value]]:
    """Of the fields of :data:`TOLD` those in which an export differs from the one before: (before, after)."""
    base = {**old, **given(old)}
    names = [name for name in TOLD if base[name] != new[name]]
    return {name: base[name] for name in names}, {name: new[name] for name in names}


def kept(old: Mapping[Any, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a new export with what people set before laid over it."""
    return laid_over(new, {name: old[name] for name in given(old)})


def said(row: Mapping[Any, Any]) -> dict[str, Value]:
    """What people set and still stands, by name."""
    return {name: row[name] for name in given(row)}


def laid_over(row: Mapping[Any, Any], said: Mapping[str, Value]) -> dict[str, Any]:
    """The columns of a problem when just this is said of it by people; its text for search is made anew.

    ``row`` may already have something laid over it: that is taken off first. The fingerprint stays the export's.
    """
    base = {**row, **given(row), "audience": row.get("audience_given", row["audience"])}
    whole = from_row("problem", {**base, "id": row.get("id"), **said})
    made = to_row(prepare(cast("Problem", whole)))
    held = {name: base[name] for name in said}
    return {**made, "fingerprint": row["fingerprint"], "given": json.dumps(held, ensure_ascii=False) if held else ""}
