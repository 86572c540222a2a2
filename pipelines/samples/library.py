"""The knowledge articles and problem records of the sample desk, and the links that its people made while solving."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pipelines.samples.bank import read
from pipelines.samples.story import Desk, Draft, stamp

ARTICLE_COLUMNS = ("number", "title", "summary", "body", "state", "owner", "category", "updated_at", "audience")
LINK_COLUMNS = ("ticket", "target_kind", "target", "linked_at", "by", "generic")
PROBLEM_COLUMNS = (
    "number", "title", "symptom", "impact", "probable_cause", "root_cause", "workaround", "fix", "owner", "state",
    "category", "service", "created_at", "updated_at", "resolved_at", "audience",
)  # fmt: skip
GENERIC = ("screenshot", "contact")
TWINS = {"outlook-prompt": "outlook-prompt-old", "vpn-connect": "vpn-connect-old", "print-queue": "print-howto"}
"""Articles about the same thing; technicians find now one, now the other."""


def numbers() -> dict[str, str]:
    """Article number by the short name that causes use."""
    return {row["id"]: f"KB{1001 + 7 * at:07d}" for at, row in enumerate(read("articles")["a"])}


def articles(rng: Random) -> list[dict[str, str]]:
    """All articles as rows, in the order of their numbers."""
    return _rows(rng, read("articles")["a"], list(numbers().values()))


def later_articles() -> list[dict[str, str]]:
    """Articles that double, contradict or outlive others, or are unfinished; their numbers follow the others'."""
    start, written = len(numbers()), read("articles_more")["a"]
    follow = [f"KB{1001 + 7 * at:07d}" for at in range(start, start + len(written))]
    return _rows(Random("later articles"), written, follow)


def _rows(rng: Random, written: Sequence[Mapping[str, Any]], named: Sequence[str]) -> list[dict[str, str]]:
    rows = []
    for row, number in zip(written, named, strict=True):
        steps = "\n".join(f"{at}. {step}" for at, step in enumerate(row["steps"], 1))
        parts = (
            ("Issue", row["issue"]),
            ("Environment", row["env"]),
            ("Cause", row.get("cause", "")),
            ("Resolution", steps),
            ("Workaround", row.get("workaround", "")),
            ("Note", row.get("note", "")),
        )
        body = "\n\n".join(f"{head}\n{text}" for head, text in parts if text)
        updated = datetime.fromisoformat(row["updated"]) + timedelta(minutes=rng.randint(420, 990))
        rows.append({
            "number": number, "title": row["title"], "summary": row["sum"], "body": body,
            "state": row.get("state", "validated"), "owner": row["owner"], "category": row["cat"],
            "updated_at": stamp(updated), "audience": row.get("audience", ""),
        })  # fmt: skip
    return rows


def problems() -> list[dict[str, str]]:
    """All problem records as rows, in the order of their numbers."""
    return [{name: str(row.get(name, "")) for name in PROBLEM_COLUMNS} for row in read("problems")["p"]]


def problem_links(drafts: Sequence[Draft]) -> list[dict[str, str]]:
    """Tickets that people linked to a problem after it had been opened, by time."""
    rows = []
    for problem in read("problems")["p"]:
        rng = Random(f"links of {problem['number']}")
        seen = {tuple(pair) for pair in problem.get("seen", ())}
        for draft in drafts:
            own = draft.row["problem_id"] == problem["number"] and rng.random() < 0.15
            if draft.end is None or stamp(draft.at) < problem["created_at"] or draft.row["state"] == "Canceled":
                continue
            if own or (_cause_of(draft) in seen and rng.random() < 0.6 and not draft.row["u_audience"]):
                rows.append(_link(rng, draft, "problem", problem["number"]))
    return sorted(rows, key=lambda row: (row["linked_at"], row["ticket"], row["target"]))


def _cause_of(draft: Draft) -> tuple[str, int] | None:
    if draft.scenario is None or draft.cause is None:
        return None
    return draft.scenario.id, next(at for at, cause in enumerate(draft.scenario.causes) if cause is draft.cause)


def links(desk: Desk, drafts: list[Draft]) -> list[dict[str, str]]:
    """Who linked which article or earlier ticket to which ticket, by time; always after the ticket was opened."""
    rng, known = desk.rng, numbers()
    public = [row["id"] for row in read("articles")["a"] if not row.get("audience") and row["id"] not in GENERIC]
    written = {row["id"]: row.get("since", "") for row in read("articles")["a"]}
    rows: list[dict[str, str]] = []
    past: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.end is None:
            continue
        if draft.parent is not None and draft.parent.row["number"]:
            rows.append(_link(rng, draft, "ticket", draft.parent.row["number"]))
        elif draft.scenario is None or draft.cause is None:
            if rng.random() < 0.06:
                rows.append(_link(rng, draft, "article", known[rng.choice(GENERIC)], generic=True))
        else:
            name = _article(rng, draft, public)
            if name in known and stamp(draft.at) > written[name]:
                rows.append(_link(rng, draft, "article", known[name]))
            if rng.random() < 0.03 and not draft.scenario.audience:
                rows.append(_link(rng, draft, "article", known[rng.choice(GENERIC)], generic=True))
            earlier = _earlier(draft, past[draft.scenario.id, draft.cause.fixes[0]])
            if earlier and rng.random() < 0.13:
                rows.append(_link(rng, draft, "ticket", rng.choice(earlier[-6:]).row["number"]))
            past[draft.scenario.id, draft.cause.fixes[0]].append(draft)
    return sorted(rows, key=lambda row: (row["linked_at"], row["ticket"], row["target"]))


def _article(rng: Random, draft: Draft, public: list[str]) -> str:
    name = draft.cause.article if draft.cause else ""
    if draft.scenario and not draft.scenario.audience and rng.random() < 0.02:
        return rng.choice(public)
    if not name or rng.random() > 0.46:
        return ""
    return TWINS[name] if name in TWINS and rng.random() < 0.3 else name


def _earlier(draft: Draft, candidates: list[Draft]) -> list[Draft]:
    since = draft.at - timedelta(days=120)
    return [old for old in candidates if old.at >= since and old.end is not None and old.end < draft.at]


def _link(rng: Random, draft: Draft, kind: str, target: str, *, generic: bool = False) -> dict[str, str]:
    end = draft.end or draft.at
    at = draft.at + (end - draft.at) * rng.uniform(0.3, 1.0)
    return {"ticket": draft.row["number"], "target_kind": kind, "target": target, "linked_at": stamp(at),
            "by": draft.solver, "generic": "1" if generic else "0"}  # fmt: skip
