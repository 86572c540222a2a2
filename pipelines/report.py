"""Write the report of a period: one HTML file, a PDF and a workbook, each whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from kb.desk import Desk
from kb.digest import Digest
from kb.errors import BadSetting, StoreTrouble
from kb.measures import Period
from kb.records import Viewer

FORMS = ("html", "pdf", "xlsx")


def chosen(desk: Desk, *, month: str, period: str, now: datetime) -> Period:
    """The period asked for; with neither, the last whole month. Raises ``BadSetting``."""
    if month and period:
        raise BadSetting("Give either --month or --period.")
    if month:
        found = desk.period(month)
        if found.unit != "month":
            raise BadSetting(f"--month is {month[:40]!r}: give a month such as 2026-10, or use --period.")
        return found
    if period:
        return desk.period(period)
    return desk.month(now).back()


def make(digest: Digest, form: str, *, at: datetime) -> bytes:
    """The report as a file: "html", "pdf" or "xlsx". Raises ``BadSetting`` for another."""
    if form == "html":
        from pipelines.report_html import page

        return page(digest)
    if form == "pdf":
        from pipelines.report_pdf import pdf

        return pdf(digest)
    if form == "xlsx":
        from pipelines.report_sheets import workbook

        return workbook(digest, at=at)
    raise BadSetting(f"There is no report as {form[:20]!r}: choose {', '.join(FORMS)}.")


def write(desk: Desk, period: Period, folder: Path, *, viewer: Viewer, now: datetime,
          forms: Sequence[str] = FORMS) -> tuple[Digest, list[Path]]:  # fmt: skip
    """Write the files, replacing those of an earlier run; what was written, in order.

    Raises ``TooLittle`` where the period has no tickets, ``StoreTrouble`` where the folder cannot be written to; then
    none of the files is changed.
    """
    digest = desk.digest(period, viewer=viewer, now=now)
    made = [(folder / name(digest, form), make(digest, form, at=now)) for form in forms]
    unfinished: list[tuple[str, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in made:
            unfinished.append((_written(folder, data), path))
        desk.exported("report", viewer=viewer, detail={"period": digest.key, "forms": list(forms)})
        for part, path in unfinished:
            Path(part).replace(path)
    except OSError as error:
        raise StoreTrouble(
            f"The report cannot be written to {folder} ({error.strerror}): choose another folder with --out."
        ) from error
    finally:
        for part, _ in unfinished:
            with suppress(OSError):
                Path(part).unlink(missing_ok=True)
    return digest, [path for path, _ in made]


def name(digest: Digest, form: str) -> str:
    """What a file is called: "seenbefore-2026-10.pdf"."""
    return f"seenbefore-{digest.key.replace('..', '--')}.{form}"


def as_json(digest: Digest, files: Sequence[Path]) -> dict[str, Any]:
    """The figures of a report and where its files lie."""
    figures = {
        one.key: {"value": one.value, "unit": one.unit, "n": one.n, "before": one.before, "before_n": one.before_n,
                  "turned": one.turned or None, "not_known": one.why or None, "assumes": one.assumes or None,
                  "definition": one.definition}
        for one in digest.figures
    }  # fmt: skip
    return {"period": digest.key, "before": digest.before, "seen": digest.seen, "summary": digest.summary,
            "notes": list(digest.notes), "files": [str(path) for path in files], "figures": figures}  # fmt: skip


def _written(folder: Path, data: bytes) -> str:
    """Write a new file beside where it will lie, down to the disk; its name."""
    handle, part = tempfile.mkstemp(dir=folder, prefix=".seenbefore-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
    return part
