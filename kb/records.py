"""What things are on a service desk, as frozen dataclasses that carry their own small questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kb.roles import LOCAL, WRITING, permitted

Kind = Literal["ticket", "article", "problem"]
State = Literal["open", "on hold", "resolved", "closed", "cancelled"]
Line = Literal[1, 2]

STATES: tuple[State, ...] = ("open", "on hold", "resolved", "closed", "cancelled")
DONE: tuple[State, ...] = ("resolved", "closed")
ARTICLE_STATES: tuple[str, ...] = ("work in progress", "not validated", "validated", "archived")
PROBLEM_STATES: tuple[str, ...] = ("new", "assessing", "root cause known", "fix in progress", "resolved", "closed")


@dataclass(frozen=True, slots=True)
class Ref:
    """The name of a record that outlives every index: (kind, source, number)."""

    kind: Kind
    source: str
    number: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.source}:{self.number}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One call for help, as the desk's own tool wrote it down.

    Times are aware and UTC. ``impact``, ``urgency`` and ``priority`` count from 1, the highest, whatever the tool
    they came from counts. ``None`` and "" mean "not given". ``text`` (what was known at opening, cleaned) and ``fix``
    (the cleaned resolution) are filled by :func:`kb.text.prepare`; title, body and resolution stay as they came.
    """

    source: str
    number: str
    title: str = ""
    body: str = ""
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    state: State | None = None
    category: str = ""
    subcategory: str = ""
    impact: int | None = None
    urgency: int | None = None
    priority: int | None = None
    assignment_group: str = ""
    assigned_to: str = ""
    line: Line | None = None
    service: str = ""
    ci: str = ""
    location: str = ""
    department: str = ""
    channel: str = ""
    caller: str = ""
    vip: bool | None = None
    resolution: str = ""
    notes: str = ""
    """What technicians asked and wrote between opening and resolution: read for its answers, never asked with."""
    close_code: str = ""
    reopen_count: int | None = None
    reassignment_count: int | None = None
    made_sla: bool | None = None
    problem: str = ""
    parent: str = ""
    audience: tuple[str, ...] = ()
    """Groups that may see it, sorted; empty means everybody on the desk."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Columns we have no name for, kept as text; an admin may train on any of them."""
    text: str = ""
    fix: str = ""
    id: int | None = None
    """Row number in the store; ``None`` until it is stored."""

    @property
    def ref(self) -> Ref:
        """The lasting name of this ticket."""
        return Ref("ticket", self.source, self.number)

    @property
    def is_done(self) -> bool:
        """Whether its outcome is known: resolved or closed, or an export that has no states."""
        return self.state in DONE or (self.state is None)

    @property
    def minutes_to_resolve(self) -> float | None:
        """Minutes from opening to resolution by the clock on the wall; ``None`` where either is unknown."""
        if self.opened_at is None or self.resolved_at is None or self.resolved_at < self.opened_at:
            return None
        return (self.resolved_at - self.opened_at).total_seconds() / 60


@dataclass(frozen=True, slots=True)
class Article:
    """One knowledge article (KCS: issue, environment, cause, resolution in one text)."""

    source: str
    number: str
    title: str = ""
    summary: str = ""
    body: str = ""
    state: str = "validated"
    owner: str = ""
    category: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    url: str = ""
    audience: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    id: int | None = None

    @property
    def ref(self) -> Ref:
        """The lasting name of this article."""
        return Ref("article", self.source, self.number)


@dataclass(frozen=True, slots=True)
class Problem:
    """The cause behind incidents that keep coming back (ITIL problem record).

    With a documented root cause or a workaround it is a *known error*: those are searched. ``impact`` counts from 1,
    the highest. ``text`` is filled by :func:`kb.text.prepare`.
    """

    source: str
    number: str
    title: str = ""
    symptom: str = ""
    impact: int | None = None
    probable_cause: str = ""
    root_cause: str = ""
    workaround: str = ""
    fix: str = ""
    owner: str = ""
    state: str = "new"
    category: str = ""
    service: str = ""
    pattern: str = ""
    """Lasting id of the pattern it was made from; "" where it came otherwise."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    resolved_at: datetime | None = None
    audience: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    merged_into: int | None = None
    """Store id of the problem that took over its tickets and articles; it is no known error of its own then."""
    id: int | None = None

    @property
    def ref(self) -> Ref:
        """The lasting name of this problem."""
        return Ref("problem", self.source, self.number)

    @property
    def is_known_error(self) -> bool:
        """Whether its root cause or a workaround is written down."""
        return self.merged_into is None and bool(self.root_cause.strip() or self.workaround.strip())

    @property
    def remedy(self) -> str:
        """What to do about it now: the workaround, else the fix, else what causes it."""
        return self.workaround or self.fix or self.root_cause


@dataclass(frozen=True, slots=True)
class ProblemChange:
    """One act on a problem: who, when, what, and the fields before and after it (times as seconds since 1970)."""

    id: int
    problem: Ref
    what: Literal["created", "import", "set", "link", "unlink", "merge"]
    at: datetime
    by: str = ""
    before: Mapping[str, str | int | None] = field(default_factory=dict)
    after: Mapping[str, str | int | None] = field(default_factory=dict)
    target: Ref | None = None
    """The record that was linked or unlinked, or the problem it was merged into."""
    why: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""


Record = Ticket | Article | Problem


@dataclass(frozen=True, slots=True)
class Link:
    """A person said: this target answered that ticket. ``generic`` marks boiler-plate ("how to make a screenshot")."""

    ticket: Ref
    target: Ref
    linked_at: datetime | None = None
    by: str = ""
    origin: str = "import"
    generic: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is reading. A record without an audience is for everyone; others need one of the viewer's groups."""

    name: str = "local"
    groups: frozenset[str] = frozenset()
    sees_all: bool = False
    roles: frozenset[str] = frozenset({LOCAL})
    """What decides over acts; the person at this machine unless a sign-in says otherwise."""
    looking: str = ""
    """Who looks at the desk as this viewer; then nothing may be changed."""

    def may(self, act: str) -> bool:
        """Whether this viewer may do an act of :data:`kb.roles.ACTS`."""
        return permitted(self.roles, act) and not (self.looking and act in WRITING)

    @property
    def reads(self) -> bool:
        """Whether this viewer may see anything at all: a program that only sends tickets reads nothing."""
        return permitted(self.roles, "read")

    def may_see(self, audience: tuple[str, ...]) -> bool:
        """Whether a record with this audience may be shown to this viewer at all."""
        return self.reads and (self.sees_all or not audience or not self.groups.isdisjoint(audience))


EVERYONE = Viewer("everyone")
"""Sees only what has no audience: what models and patterns are trained on."""
KEEPER = Viewer("keeper", sees_all=True)
"""The program itself, when it indexes or backs up. Never handed to a screen."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader asked to narrow down to. An empty field does not narrow."""

    kinds: tuple[Kind, ...] = ()
    categories: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    exclude: tuple[Ref, ...] = ()

    @property
    def narrows_tickets(self) -> bool:
        """Whether any field speaks of tickets only (so that articles are left as they are)."""
        return bool(self.services or self.groups or self.states or self.opened_from or self.opened_before)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a text that match the question."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: the record, how likely it helps (calibrated, in [0, 1]), and why in words, strongest first."""

    record: Record
    relevance: float
    why: tuple[str, ...] = ()
    snippet: str = ""
    spans: tuple[Span, ...] = ()
    """Matching words inside ``snippet``."""
    score: float = 0.0
    """Cosine to the question, higher is closer; 0 where there was no vector."""
    exact: bool = False
    """An identifier of the question stands in this record."""

    @property
    def resolution(self) -> str:
        """What fixed it, as written; "" where nothing was written down."""
        if isinstance(self.record, Ticket):
            return self.record.fix or self.record.resolution
        return self.record.remedy if isinstance(self.record, Problem) else self.record.summary


@dataclass(frozen=True, slots=True)
class Fix:
    """One way in which resolved tickets like the question were resolved, in the words of one of them."""

    text: str
    """Stands word for word in the resolution of ``cited[0]``."""
    cited: tuple[Ref, ...]
    """The tickets resolved in this way, the one that says it best first."""
    of: int
    """How many resolved tickets like the question there are in all."""
    minutes: float | None = None
    """Median time to resolve of those that say."""
    reopened: int = 0
    proven: float = 0.0
    """Lower end of the 95 % Wilson interval of the share that stayed fixed."""
    articles: tuple[Ref, ...] = ()
    """Articles linked on them, the most often linked first."""


@dataclass(frozen=True, slots=True)
class Step:
    """A question to ask or a step to take that technicians wrote down, word for word."""

    text: str
    asks: bool
    """Whether it is a question to the caller; else something to do."""
    cited: tuple[Ref, ...]
    """Where it stands, the best place first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question got: hits by relevance, whether that counts as "seen", and what was looked at."""

    query: str
    seen: bool
    hits: tuple[Hit, ...] = ()
    nearest: tuple[Hit, ...] = ()
    """What came closest but is below the threshold; shown only on request."""
    looked_at: Mapping[str, int] = field(default_factory=dict)
    """How many records of each kind the viewer's question was held against."""
    notes: tuple[str, ...] = ()
    """Plain sentences about limits: index stale, question cut, vectors missing."""
    seconds: float = 0.0
    fixes: tuple[Fix, ...] = ()
    """What fixed it: ways in which tickets like this were resolved, best proven first."""
    steps: tuple[Step, ...] = ()
    """What technicians asked and did on tickets like this and wrote in the articles above."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One target of one ticket. Where we are not sure ``value`` is ``None`` and ``reason`` says why in plain words."""

    target: str
    value: str | None
    confidence: float
    """Calibrated probability in [0, 1] of the best guess, also where it is not good enough to say."""
    alternatives: tuple[tuple[str, float], ...] = ()
    """Up to three (value, probability), best first, the best guess included."""
    reason: str = ""
    code: str = ""
    """Where silent: too-short, language, unlike, close, contradicting, rare, promise, stale or missing."""
    telling: tuple[str, ...] = ()
    """Words of the ticket's own text that spoke for the value, strongest first."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the caller: word for word as technicians asked it, or one of our few about what is missing."""

    text: str
    why: str
    cited: tuple[Ref, ...] = ()
    """Tickets on which it was asked; empty for a question of ours."""


@dataclass(frozen=True, slots=True)
class LineReason:
    """The line that was suggested and, in a sentence, what the past says for or against it."""

    line: int | None
    """As suggested; the past alone suggests none."""
    sentence: str
    cited: tuple[Ref, ...]
    """The tickets that the sentence counts, most alike first, then the article it names."""
    solved_first: int
    """How many of those like it the desk solved for good."""
    of: int
    """How many resolved tickets like it say which line solved them."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a new ticket seems to be: one prediction a target, the computed priority, and the nearest past tickets."""

    ticket: Ticket
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    priority: int | None = None
    """From impact and urgency, and raised where a rule says so."""
    priority_why: str = ""
    raised: tuple[str, ...] = ()
    """Why a rule raised it, each in words."""
    line: LineReason | None = None
    neighbours: tuple[Hit, ...] = ()
    questions: tuple[Ask, ...] = ()
    """What to ask the caller of a vague ticket before guessing."""
    model: str = ""
    """The generation of the models, to which each prediction can be traced."""
    shadow: Mapping[str, Prediction] = field(default_factory=dict)
    """Predictions that are scored but not shown."""
    known_error: Hit | None = None
    """The known error it is, where it is sure enough to be one."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person did with a suggestion: accepted, replaced or skipped it; kept for good."""

    ticket: Ref
    target: str
    suggested: str | None
    chosen: str
    action: Literal["accepted", "replaced", "skipped", "undone"]
    by: str = ""
    at: datetime | None = None
    why: str = ""
    model: str = ""


Said = Literal["helpful", "not helpful", "fixed", "flag", "state", "owner", "edit"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person said of a record, as an answer to a question or by itself; kept for good, also when taken back."""

    target: Ref
    said: Said
    by: str = ""
    at: datetime | None = None
    question: str = ""
    """The words it was an answer to; "" where it was none."""
    ticket: Ref | None = None
    """The ticket it answered."""
    note: str = ""
    """Why, or what it was set to."""
    before: str = ""
    """What it was before, for taking it back."""
    undone_at: datetime | None = None
    undone_by: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A failure that keeps coming back: its name, how often, since when, and tickets that show it."""

    id: str
    name: str
    size: int
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    phrases: tuple[str, ...] = ()
    examples: tuple[int, ...] = ()
    """Store ids of the tickets nearest the centre, nearest first."""
    members: tuple[int, ...] = ()
    """Store ids of all tickets in it, ascending."""
    evidence: tuple[tuple[str, int], ...] = ()
    """The phrases behind the name, each with how many of the titles that were read say it."""
    dismissed: bool = False
    """Somebody said it is of no interest."""
