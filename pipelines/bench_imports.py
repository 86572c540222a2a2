"""Bench of imports: columns and the direction of priority told rightly, over a folder of exports with their truth."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import BadSetting, NotATable
from kb.tables import Understanding, understand
from pipelines.bench import Row

TRUTH = "truth.json"


@dataclass(frozen=True, slots=True)
class Judged:
    """One column of one export: what it is (any of ``right``), and what it was taken for."""

    file: str
    column: str
    right: tuple[str, ...]
    taken: str

    @property
    def is_right(self) -> bool:
        """Whether it was taken for what it is."""
        return self.taken in self.right


def truth_of(folder: Path) -> dict[str, dict[str, Any]]:
    """What each file of the folder holds. Raises :class:`BadSetting` where the truth cannot be read."""
    try:
        return dict(json.loads((folder / TRUTH).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise BadSetting(f"{folder / TRUTH} cannot be read: it says in JSON what each export holds.") from error


def judge(name: str, truth: Mapping[str, Any], found: Understanding | None) -> list[Judged]:
    """Every column the truth names; where values nest, a column stands for all that lies under it.

    ``found`` is ``None`` for a file that was refused: then nothing in it is right.
    """
    taken = {} if found is None else {column.name: column.target for column in found.columns}
    out = []
    for column, right in truth["columns"].items():
        allowed = tuple(right if isinstance(right, list) else [right])
        under = [value for key, value in taken.items()
                 if key == column or (truth.get("loose") and key.startswith(f"{column}."))]  # fmt: skip
        named = [value for value in under if value] or under[:1] or [""]
        wrong = [value for value in named if value not in allowed]
        out.append(Judged(name, column, allowed, "refused" if found is None else (wrong or named)[0]))
    return out


def direction(truth: Mapping[str, Any], found: Understanding) -> str:
    """What was understood of priority, as the truth says it: highest, lowest, words, ask or none."""
    target = truth.get("ask", "priority")
    if any(question.about == target for question in found.questions):
        return "ask"
    ranks = found.levels.get(target)
    if ranks is None:
        return "none"
    column = next(one for one in found.columns if one.name == found.mapping[target])
    numbers = any(any(map(str.isdigit, value)) for value in column.samples)
    return ranks.one or "words" if numbers else "words"


def run(folder: Path) -> tuple[list[Row], list[str]]:
    """Figures by group and by tool, and a sentence for each column that was told wrongly."""
    rows: list[Row] = []
    notes: list[str] = []
    counts: dict[tuple[str, str], list[int]] = {}
    started = time.perf_counter()
    for name, truth in sorted(truth_of(folder).items()):
        found = _understood(folder / name)
        judged = judge(name, truth, found)
        wanted = truth["priority"] if isinstance(truth["priority"], list) else [truth["priority"]]
        turned = found is not None and direction(truth, found) in wanted
        for key in (("all", ""), ("group", truth["group"]), ("tool", truth["tool"])):
            mine = counts.setdefault(key, [0, 0, 0, 0])
            mine[0] += sum(one.is_right for one in judged)
            mine[1] += len(judged)
            mine[2] += turned
            mine[3] += 1
        notes += list(_told(judged))
    spent = time.perf_counter() - started
    for (kind, name), (right, every, turned_, files) in sorted(counts.items()):
        system = f"{kind} {name}".strip()
        at = (folder.name, "imports", "")
        rows.append(Row(*at, system, "columns", right / every, n=every, seconds=spent if kind == "all" else 0.0))
        rows.append(Row(*at, system, "priority", turned_ / files, n=every))
        rows.append(Row(*at, system, "files", files, n=every))
    return rows, notes


def _understood(file: Path) -> Understanding | None:
    try:
        return understand(file)
    except NotATable:
        return None


def _told(judged: list[Judged]) -> Iterator[str]:
    for one in judged:
        if not one.is_right:
            right = " or ".join(value or "kept as it is" for value in one.right)
            yield f"{one.file}: “{one.column}” is {right}, taken as {one.taken or 'kept as it is'}"
