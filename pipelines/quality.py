"""Report what is wrong with the tickets that would be learnt from: per target and for their texts, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kb.errors import TooLittle
from kb.policy import Policy
from kb.tables.write import write_csv as write_table
from models import leaks, quality
from pipelines import show
from pipelines.home import Home
from pipelines.index import Say, quiet
from pipelines.learnable import learnable
from pipelines.quality_findings import Finding, Suspect, languages, of_languages, of_target, of_texts, sure
from pipelines.whole import whole

COLUMNS = ("number", "source", "target", "given", "alternative", "suspicion", "likely", "title")


@dataclass(frozen=True, slots=True)
class Report:
    """What :func:`examine` found, over the tickets that everyone on the desk may see and whose outcome is known."""

    tickets: int
    languages: dict[str, float] = field(default_factory=dict)
    """Language → share of the texts; "" where it cannot be told."""
    findings: tuple[Finding, ...] = ()
    ranked: tuple[Suspect, ...] = ()
    """Every ticket that has a value, by target, most suspicious first; what a person corrected is left out."""

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """Those that are probably wrong."""
        return tuple(suspect for suspect in self.ranked if suspect.likely)


def examine(home: Home, *, say: Say = quiet) -> Report:
    """Look at what ``train`` would learn from. Raises ``TooLittle`` where there is no ticket with a known outcome."""
    pool = learnable(home, say=say, keep=lambda ticket: ticket.is_done)
    if not pool.tickets:
        raise TooLittle("There are no tickets with a known outcome yet: import resolved or closed ones first.")
    policy = Policy.from_settings(home.store.settings())
    looked, marks = quality.look(pool.words, pool.vectors), leaks.marks(pool.words)
    spoken = languages(pool.texts)
    findings = [*of_texts(pool, policy), *of_languages(spoken, len(pool.tickets))]
    ranked: list[Suspect] = []
    for done, target in enumerate(policy.targets, 1):
        confirmed: dict[int | None, str] = {
            ticket_id: correction.chosen
            for ticket_id, correction in home.store.corrections(target=target)
            if correction.action != "skipped"
        }
        found, doubted = of_target(pool, looked, marks, target, confirmed)
        findings += found
        ranked += doubted
        say("Examining", done, len(policy.targets))
    return Report(len(pool.tickets), spoken, tuple(findings), tuple(ranked))


# --- telling it -----------------------------------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain values; of the tickets only those that are probably wrong."""
    value = asdict(replace(report, ranked=report.suspects))
    value["suspects"] = value.pop("ranked")
    return value


def show_report(report: Report, *, most: int = 15) -> None:
    """The report as a person reads it: findings, then the most suspicious tickets."""
    spoken = ", ".join(f"{name or 'not sure'} {share:.0%}" for name, share in list(report.languages.items())[:5])
    show.line(f"{report.tickets:,} tickets with a known outcome; languages: {spoken}.", style="bold")
    if not report.findings:
        show.line("Nothing found that stands in the way of learning.")
    for target in dict.fromkeys(finding.target for finding in report.findings):
        rows = [(f.what, f.todo, ", ".join(f.tickets)) for f in report.findings if f.target == target]
        show.table(target or "Texts", ("found", "what to do", "such as"), rows)
        show.line("")
    if suspects := report.suspects:
        first = sorted(suspects, key=lambda s: -s.suspicion)[:most]
        lines = [(s.number, s.target, s.given, s.alternative, sure(s.suspicion)) for s in first]
        heads = ("ticket", "target", "given", "looks like", "suspicion")
        show.table(f"{len(suspects):,} probably mislabelled", heads, lines, right=(4,))


def write_csv(report: Report, path: Path, *, overwrite: bool = False) -> int:
    """Write all tickets by suspicion as CSV, marked where probably wrong; returns how many rows.

    Raises ``BadSetting`` where the file is there already, ``StoreTrouble`` where it cannot be written.
    """
    with whole(path, overwrite=overwrite) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as stream:
        return write_table(stream, COLUMNS, ([asdict(suspect)[name] for name in COLUMNS] for suspect in report.ranked))
