"""Our own exports: which columns they have, and their cells as they were before spreadsheets had to be kept off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kb.rows import FIELDS
from kb.tables.read import Row, Table
from kb.tables.write import restored_cell

_HIDDEN = frozenset({"text", "fix", "merged_into"})
KINDS = ("tickets", "articles", "problems", "links")
_LINKS = ("ticket", "target_kind", "target", "linked_at", "by", "generic")


def columns_of(kind: str) -> tuple[str, ...]:
    """The columns of our export of tickets, articles, problems or links, in order."""
    if kind == "links":
        return _LINKS
    return next(
        tuple(name for name in names if name not in _HIDDEN or (one, name) == ("problem", "fix"))
        for one, names in FIELDS.items() if one == kind.removesuffix("s")
    )  # fmt: skip


def restored(table: Table) -> Table:
    """A table without the apostrophes :func:`kb.tables.write.safe_cell` added, where it is one that we wrote.

    Told by its columns: exactly ours, in our order. In anybody else's file an apostrophe is what somebody wrote.
    """
    if table.format not in ("csv", "xlsx") or table.header not in {columns_of(kind) for kind in KINDS}:
        return table

    def rows() -> Iterator[Row]:
        for row in table.rows():
            yield replace(row, cells={name: restored_cell(cell) for name, cell in row.cells.items()})

    return replace(table, rows=rows)
