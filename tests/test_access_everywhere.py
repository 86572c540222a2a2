"""Nobody sees what he should not: thousands of random questions of random viewers on every path of the desk."""

from __future__ import annotations

import inspect
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb import plain
from kb.access import NOBODY, Rule
from kb.desk import Desk, rights
from kb.errors import BadSetting, NotFound, SeenBeforeError, TooLittle
from kb.records import EVERYONE, KEEPER, Article, Correction, Filter, Kind, Link, Mark, Problem, Ref, Ticket, Viewer
from kb.tables import Asked
from kb.text import prepare
from pipelines import export, index, patterns, report, train
from pipelines.desk import desk_of
from pipelines.home import Home
from pipelines.settings import Settings

TRIALS = 10_000
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW = START + timedelta(days=120)
TOPICS = {
    "jam": ("Printer", "Paper jam in tray two of the printer", "Cleaned the rollers and replaced the tray"),
    "vpn": ("Network", "VPN tunnel drops after login from home", "Renewed the client certificate"),
    "disk": ("Server", "Disk volume full on the file server", "Moved old backups to the archive volume"),
    "mail": ("Mail", "Outlook asks for the password again", "Deleted the stored credential and signed in anew"),
    "pay": ("Finance", "Payslip shows the wrong bank account", "Corrected the master record in the ledger"),
}
RULES = (Rule("category", ("Payroll",), ("HR",)), Rule("words", ("project nightfall",), ("Security",)))
VIEWERS = {
    "nobody in particular": EVERYONE,
    "hera": Viewer("hera", frozenset({"HR"})),
    "sam": Viewer("sam", frozenset({"Security"})),
    "fay": Viewer("fay", frozenset({"Finance", "HR"})),
    "all": Viewer("all", sees_all=True),
}
ASKED = [text for _, text, _ in TOPICS.values()] + [
    "payslip", "nightfall", "printer tray", "password", "backup archive", "certificate", "KB0001", "who knows this word"
]  # fmt: skip


@dataclass(frozen=True)
class Hidden:
    """A record and what of it must not come through: its number and the words that stand nowhere else."""

    kind: Kind
    number: str
    audience: tuple[str, ...]
    canaries: tuple[str, ...]


def canary(rng: random.Random) -> str:
    return "zq" + "".join(rng.choice("bcdfghjkmnprtvwx") for _ in range(9))


def made(rng: random.Random) -> tuple[list[Ticket], list[Article], list[Problem]]:
    """A small desk; how records are restricted: by export, by category, by words, by a flag without a group."""
    tickets, articles, problems = [], [], []
    for i in range(300):
        topic = list(TOPICS)[i % 5]
        category, text, fix = TOPICS[topic]
        how = (i // 5) % 10  # 0..3 are restricted
        title, body, extra, audience = f"{text} {i}", f"{text}. Floor {i % 7}.", {}, ()
        if how < 4:
            title, body = f"{text} {canary(rng)}", f"{text} says {canary(rng)}"
            fix = f"{fix} with {canary(rng)}"
        category = "Payroll" if how == 0 else category
        body = f"{body} about project nightfall" if how == 1 else body
        extra = {"u_restricted": "true"} if how == 2 else {}
        audience = ("Finance",) if how == 3 else ()
        opened = START + timedelta(hours=9 * i)
        done = i % 10 != 9
        tickets.append(Ticket(
            "t", f"{('INC', 'SEC')[how < 4]}{i:05d}", title, body, opened_at=opened,
            resolved_at=opened + timedelta(hours=3) if done else None, state="resolved" if done else "open",
            category=category, assignment_group=f"Team {i % 3}" if done else "", priority=1 + i % 4,
            line=1 + i % 2, service=topic, resolution=fix if done else "", audience=audience, extra=extra,
            caller=f"person {i % 11}", problem=f"PRB{i % 6:04d}" if i % 4 == 0 else "",
        ))  # fmt: skip
    for i in range(24):
        category, text, fix = TOPICS[list(TOPICS)[i % 5]]
        hid = i % 4 == 0
        word = f" {canary(rng)}" if hid else ""
        articles.append(Article(
            "t", f"{('KB', 'KS')[hid]}{i:04d}", f"How to: {text}{word}", body=f"{fix}.{word and ' ' + canary(rng)}",
            category="Payroll" if hid and i % 8 == 0 else category, audience=("HR",) if hid and i % 8 else (),
            created_at=START, updated_at=START,
        ))  # fmt: skip
    for i in range(6):
        category, text, fix = TOPICS[list(TOPICS)[i % 5]]
        word = canary(rng) if i % 2 else "usual"
        problems.append(Problem(
            "t", f"PRB{i:04d}", f"{text} {word}", symptom=text, root_cause=f"Cause {canary(rng) if i % 2 else ''}",
            workaround=fix, state="resolved", category=category, created_at=START, audience=("Security",) if i % 2 else (),
            resolved_at=START + timedelta(days=40),
        ))  # fmt: skip
    return tickets, articles, problems


def fill(folder: Path, for_viewer: Viewer | None = None) -> Home:
    """A home with all of it, or with what this viewer may see as if the rest did not exist."""
    home = Home(Settings(folder, embedder="hashing", threads=1))
    home.create()
    tickets, articles, problems = made(random.Random(7))
    home.store.apply_access(RULES)
    everything: dict[Kind, list[Any]] = {"ticket": tickets, "article": articles, "problem": problems}
    for kind, records in everything.items():
        if for_viewer is not None:
            keep = {r.number for batch in big_store.each(kind, for_viewer) for r in batch}
            records = [one for one in records if one.number in keep]
        home.store.write(kind, [prepare(one) for one in records])
    numbers = {one.number for batch in home.store.each("article", KEEPER) for one in batch}
    there = {one.number: one for batch in home.store.each("ticket", KEEPER) for one in batch}
    links = [
        Link(Ref("ticket", "t", one.number), Ref("article", "t", article.number), one.resolved_at)
        for i, one in enumerate(tickets) if one.number in there and one.resolved_at
        for article in [articles[i % 24]] if article.number in numbers and i % 2
    ]  # fmt: skip
    home.store.link(links)
    for i, one in enumerate(tickets):
        if one.number in there and i % 6 == 0:
            said = "replaced" if i % 4 else "accepted"
            home.store.correct(
                Correction(one.ref, "category", "Mail", one.category, said, "x", NOW, f"why {one.title}")
            )
        if one.number in there and i % 25 == 0:
            home.store.mark(Mark(one.ref, "flag", "x", NOW, note=f"look at {one.title}"))
    index.build(home)
    return home


big_store: Any = None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    global big_store
    made_home = fill(tmp_path_factory.mktemp("access") / "desk")
    big_store = made_home.store
    train.train(made_home)
    patterns.find(made_home)
    yield made_home
    made_home.store.close()


@pytest.fixture(scope="module")
def desk(home: Home) -> Desk:
    return desk_of(home)


@pytest.fixture(scope="module")
def hidden(home: Home) -> list[Hidden]:
    found = []
    for kind in ("ticket", "article", "problem"):
        for batch in home.store.each(kind, KEEPER):
            for one in batch:
                words = set(re.findall(r"zq[b-x]{9}", " ".join((one.text, getattr(one, "resolution", ""), repr(one)))))
                if one.audience:
                    found.append(Hidden(kind, one.number, one.audience, tuple(sorted(words))))
                else:
                    assert not words
    assert len(found) > 120
    assert {group for one in found for group in one.audience} == {"HR", "Security", "Finance", NOBODY}
    return found


# --- the paths ----------------------------------------------------------------------------------------------------

Path_ = Callable[[Desk, Viewer, random.Random, "World"], Any]


@dataclass
class World:
    """What a trial may name: any record, also one this viewer may not see."""

    tickets: list[Ticket]
    articles: list[Article]
    problems: list[Problem]
    patterns: list[str]
    words: list[str]

    def ticket(self, rng: random.Random) -> Ticket:
        return rng.choice(self.tickets)

    def asked(self, rng: random.Random) -> str:
        return rng.choice(self.words) if rng.random() < 0.4 else rng.choice(ASKED)


def seen(desk: Desk, viewer: Viewer, rng: random.Random, world: World) -> Ticket:
    """A ticket that the viewer was given."""
    found = desk.store.records("ticket", [one.id or 0 for one in rng.sample(world.tickets, 12)], viewer)
    return found[0] if found else desk.store.records("ticket", [2, 22, 23, 24, 25, 26], viewer)[-1]  # type: ignore[return-value]


def narrowed(rng: random.Random) -> Filter | None:
    return rng.choice([None, None, Filter(categories=("Payroll",)), Filter(kinds=("article",)),
                       Filter(states=("resolved",)), Filter(services=("pay",))])  # fmt: skip


def searched(d: Desk, v: Viewer, r: random.Random, w: World) -> Any:
    found = d.search(w.asked(r), viewer=v, wanted=narrowed(r))
    return replace(found, query=""), plain.answer(replace(found, query=""), nearest=True)


def liked(d: Desk, v: Viewer, r: random.Random, w: World) -> Any:
    return replace(d.like(w.ticket(r).number, viewer=v, source="t"), query="")


def any_record(w: World, r: random.Random) -> Any:
    return r.choice(r.choice([w.tickets, w.articles, w.problems]))


def triaged(d: Desk, v: Viewer, r: random.Random, w: World) -> Any:
    return [replace(one, ticket=Ticket("", "")) for one in d.triage([seen(d, v, r, w)], viewer=v)]


def typed(d: Desk, v: Viewer, r: random.Random, w: World) -> Any:
    made_ = d.triage_text(w.asked(r), viewer=v)
    return plain.suggestion(replace(made_, ticket=Ticket("", ""))), made_.neighbours, made_.questions, made_.line


def period(d: Desk) -> Any:
    return d.period("2026-02")


PATHS: dict[str, tuple[float, Path_]] = {
    # question → how often it is asked, and how
    "record": (10, lambda d, v, r, w: d.record((o := any_record(w, r)).ref.kind, o.number, viewer=v)),
    "records": (6, lambda d, v, r, w: d.records("ticket", [o.id or 0 for o in r.sample(w.tickets, 5)], viewer=v)),
    "counts": (2, lambda d, v, r, w: d.counts(viewer=v)),
    "imports": (1, lambda d, v, r, w: d.imports(viewer=v)),
    "search": (3, searched),
    "like": (0.7, liked),
    "links_of": (2, lambda d, v, r, w: d.links_of(seen(d, v, r, w), viewer=v)),
    "linked_from": (3, lambda d, v, r, w: d.linked_from(r.choice([*w.articles, *w.problems]), viewer=v)),
    "marks_of": (2, lambda d, v, r, w: d.marks_of(seen(d, v, r, w), viewer=v)),
    "corrections_of": (5, lambda d, v, r, w: d.corrections_of(w.ticket(r), viewer=v)),
    "facets": (3, lambda d, v, r, w: d.facets(viewer=v)),
    "triage": (0.1, triaged),
    "triage_text": (0.1, typed),
    "waiting": (1.5, lambda d, v, r, w: d.waiting(viewer=v, most=r.choice([3, 50]))),
    "answers_to": (4, lambda d, v, r, w: d.answers_to(w.ticket(r), viewer=v)),
    "clock": (1, lambda d, v, r, w: d.clock(seen(d, v, r, w), r.randint(1, 4), viewer=v, now=NOW)),
    "live": (0.3, lambda d, v, r, w: d.live(viewer=v, now=NOW)),
    "library": (0.1, lambda d, v, r, w: d.library(viewer=v, now=NOW)),
    "patterns": (3, lambda d, v, r, w: [plain.pattern(one) for one in d.patterns(viewer=v)]),
    "retired_patterns": (1, lambda d, v, r, w: d.retired_patterns(viewer=v)),
    "pattern": (3, lambda d, v, r, w: d.pattern(r.choice(w.patterns), viewer=v)),
    "pattern_of": (2, lambda d, v, r, w: d.pattern_of(w.ticket(r).ref, viewer=v)),
    "pattern_acts": (1, lambda d, v, r, w: d.pattern_acts(r.choice(w.patterns), viewer=v)),
    "problems": (2, lambda d, v, r, w: d.problems(viewer=v, merged=True)),
    "problem": (5, lambda d, v, r, w: d.problem(r.choice(w.problems).number.lower(), viewer=v)),
    "linkable": (6, lambda d, v, r, w: d.linkable(any_record(w, r).number, viewer=v)),
    "problem_of_pattern": (1, lambda d, v, r, w: d.problem_of_pattern(r.choice(w.patterns), viewer=v)),
    "final_problem": (1, lambda d, v, r, w: d.final_problem(r.choice(d.problems(viewer=v)), viewer=v)),
    "problem_history": (1, lambda d, v, r, w: d.problem_history(r.choice(d.problems(viewer=v)), viewer=v)),
    "problem_articles": (1, lambda d, v, r, w: d.problem_articles(r.choice(d.problems(viewer=v)), viewer=v)),
    "problem_uses": (1, lambda d, v, r, w: d.problem_uses(viewer=v, now=NOW)),
    "standings": (0.12, lambda d, v, r, w: d.standings(viewer=v, now=NOW)),
    "profile": (0.12, lambda d, v, r, w: d.profile(r.choice(w.patterns), viewer=v, now=NOW)),
    "bursts": (0.03, lambda d, v, r, w: d.bursts(viewer=v, now=START + timedelta(days=90), days=60)),
    "verdict": (0.3, lambda d, v, r, w: d.verdict(r.choice(w.problems).ref, viewer=v, now=NOW)),
    "contrasts": (0.08, lambda d, v, r, w: d.contrasts(r.choice(w.patterns), viewer=v, now=NOW)),
    "fixes_of": (0.3, lambda d, v, r, w: d.fixes_of(r.choice(w.patterns), viewer=v)),
    "periods": (0.2, lambda d, v, r, w: d.periods(viewer=v, now=NOW)),
    "scenes": (0.1, lambda d, v, r, w: d.scenes(period(d), viewer=v, now=NOW)[0].facts),
    "figures": (0.2, lambda d, v, r, w: d.figures(period(d), viewer=v, now=NOW)),
    "digest": (0.02, lambda d, v, r, w: report.make(d.digest(period(d), viewer=v, now=NOW), "html", at=NOW).decode()),
    "exported": (0.1, lambda d, v, r, w: d.exported("trial", viewer=v)),
    "warnings": (1, lambda d, v, r, w: (d.warnings(), d.facts)),
    "has_originals": (1, lambda d, v, r, w: d.has_originals(w.ticket(r), viewer=v)),
}
AGAINST: dict[str, Path_] = {
    # acts on a record that may be hidden: refused in the same words as for one that does not exist
    "mark": lambda d, v, r, w: d.mark(Mark(w.ticket(r).ref, "flag", note="x"), viewer=v),
    "correct": lambda d, v, r, w: d.correct(Correction(w.ticket(r).ref, "category", "a", "b", "replaced"), viewer=v),
    "draft": lambda d, v, r, w: d.draft([o.ref for o in r.sample(w.tickets, 4)], viewer=v),
    "draft_for": lambda d, v, r, w: d.draft_for(r.choice(w.patterns), viewer=v),
    "save_article": lambda d, v, r, w: d.save_article(r.choice(w.articles).ref, title="t", body="b", viewer=v),
    "change_problem": lambda d, v, r, w: d.change_problem(r.choice(w.problems).ref, {}, viewer=v, now=NOW),
    "link_problem": lambda d, v, r, w: d.link_problem(Ref("problem", "t", "PRB0001"), w.ticket(r).ref, viewer=v, now=NOW),
    "not_this_pattern": lambda d, v, r, w: d.not_this_pattern(r.choice(w.patterns), hide(w, r), viewer=v),
    "new_problem": lambda d, v, r, w: d.new_problem(viewer=v, title="x", now=NOW, tickets=[hide(w, r)]),
    "privacy": lambda d, v, r, w: d.privacy(viewer=v),
    "originals": lambda d, v, r, w: d.originals(w.ticket(r), viewer=v),
    "audit": lambda d, v, r, w: d.audit(viewer=v),
    "audit_numbers": lambda d, v, r, w: d.audit_numbers(d.audit(viewer=v, most=200), viewer=v),
    "understood": lambda d, v, r, w: d.understood(b"number,title\n1,a\n", Asked(), viewer=v).mapping,
}  # fmt: skip
ELSEWHERE = {
    "undo", "keep_draft", "report_file", "set_rule", "rollback", "rename_pattern", "merge_patterns", "split_pattern", "dismiss_pattern",
    "recall_pattern", "undo_pattern", "problem_from_pattern", "merge_problems", "unlink_problem", "undo_problem",
    "set_privacy", "audit_people", "audit_state", "presets", "take_in", "keep_preset", "forget_preset",
} | {name for name, act in rights.WRITES.items() if act in ("access", "view as")}  # fmt: skip
"""Acts that return nothing of a record, or whose way to it is one of those above; who may do them is tested elsewhere."""


def hide(world: World, rng: random.Random) -> Ref:
    return rng.choice([one for one in world.tickets if NOBODY in one.audience]).ref


def world_of(home: Home, desk: Desk, hidden: list[Hidden]) -> World:
    every = {kind: [one for batch in home.store.each(kind, KEEPER) for one in batch]
             for kind in ("ticket", "article", "problem")}  # fmt: skip
    heads = [head.id for head in desk.patterns_made.heads] if desk.patterns_made else []
    words = [word for one in hidden for word in one.canaries[:1]]
    return World(every["ticket"], every["article"], every["problem"], heads, words)  # type: ignore[arg-type]


def told(value: Any) -> str:
    with np.printoptions(threshold=10**9):
        return value if isinstance(value, str) else repr(value)


def leaks(text: str, forbidden: re.Pattern[str], typed_: str = "") -> list[str]:
    """Forbidden words in a text; that a ticket names the problem it belongs to is a field of its own."""
    text = re.sub(r"""problem['"]?[=:] ?['"]PRB\d+['"]""", "", text)
    return [one for one in forbidden.findall(text) if one != typed_]


def patterns_of(hidden: list[Hidden], viewer: Viewer) -> re.Pattern[str]:
    forbidden = [word for one in hidden if not viewer.may_see(one.audience) for word in (one.number, *one.canaries)]
    return re.compile("|".join(map(re.escape, forbidden)) or r"(?!)")


# --- the tests ----------------------------------------------------------------------------------------------------


def test_every_question_of_the_desk_has_a_trial_here() -> None:
    asked = {name for name, value in inspect.getmembers(Desk, callable) if not name.startswith("_")}
    asked -= {name for name in asked if isinstance(getattr(Desk, name), type)} | rights.FREE
    assert asked == (set(PATHS) - rights.FREE) | set(AGAINST) | ELSEWHERE
    assert set(PATHS) - rights.FREE == rights.READS
    assert set(AGAINST) | ELSEWHERE == set(rights.WRITES)


@pytest.mark.parametrize("trials", [TRIALS // 4, pytest.param(TRIALS, marks=pytest.mark.slow)])
def test_no_random_question_of_a_random_viewer_gives_away_what_is_hidden(
    home: Home, desk: Desk, hidden: list[Hidden], trials: int
) -> None:
    world = world_of(home, desk, hidden)
    rng, wrong, refused = random.Random(20261122), [], 0
    forbidden = {name: patterns_of(hidden, viewer) for name, viewer in VIEWERS.items()}
    names = [*PATHS, *AGAINST]
    weights = [PATHS[name][0] if name in PATHS else 0.5 for name in names]
    for name in rng.choices(names, weights, k=trials):
        who = rng.choice(list(VIEWERS))
        ask = PATHS[name][1] if name in PATHS else AGAINST[name]
        typed_ = ""
        if name in AGAINST and who == "all":
            continue  # would be let in, and change the desk under the other trials
        try:
            said = told(ask(desk, VIEWERS[who], rng, world))
        except NotFound as error:
            said, refused = str(error), refused + 1
            match = re.search(r"'([^']*)'", said)  # the number that was asked for
            typed_ = match[1] if match else ""
        except (BadSetting, TooLittle) as error:
            said = str(error)
        wrong += [(name, who, one) for one in leaks(said, forbidden[who], typed_)]
    assert wrong == []
    assert refused > 0.03 * trials


def test_hidden_and_absent_records_are_refused_in_the_same_words(home: Home, desk: Desk, hidden: list[Hidden]) -> None:
    for one in hidden[::7]:
        for viewer in VIEWERS.values():
            if viewer.may_see(one.audience):
                continue
            words = []
            for number in (one.number, "Q" + one.number[1:]):
                with pytest.raises(SeenBeforeError) as refused:
                    desk.record(one.kind, number, viewer=viewer)
                words.append((type(refused.value), str(refused.value).replace(number, "N")))
            assert words[0] == words[1]


@pytest.fixture(scope="module", params=["nobody in particular", "hera", "fay"])
def alone(request: pytest.FixtureRequest, home: Home, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A viewer, and a desk that holds nothing but what this viewer may see."""
    viewer = VIEWERS[request.param]
    return viewer, desk_of(fill(tmp_path_factory.mktemp("alone") / "desk", viewer), parts=("search",))


@pytest.fixture(scope="module")
def plain_desk(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The whole desk with nothing learnt, as the smaller ones are."""
    return desk_of(fill(tmp_path_factory.mktemp("whole") / "desk"), parts=("search",))


def test_counts_facets_and_figures_are_those_of_a_desk_without_the_rest(plain_desk: Desk, alone: Any) -> None:
    viewer, small = alone
    for ask in (
        lambda d: d.counts(viewer=viewer),
        lambda d: d.facets(viewer=viewer),
        lambda d: d.periods(viewer=viewer, now=NOW),
        lambda d: d.figures(period(d), viewer=viewer, now=NOW),
        lambda d: d.live(viewer=viewer, now=NOW),
        lambda d: [one.number for one in d.waiting(viewer=viewer)],
        lambda d: sorted(one.number for one in d.problems(viewer=viewer)),
        lambda d: d.search("printer", viewer=viewer).looked_at,
        lambda d: sorted((one.linked, one.lately) for one in d.problem_uses(viewer=viewer, now=NOW).values()),
        lambda d: report.make(d.digest(period(d), viewer=viewer, now=NOW), "html", at=NOW),
    ):
        assert ask(plain_desk) == ask(small)


def test_what_one_may_see_is_found_as_well_as_if_the_rest_did_not_exist(plain_desk: Desk, alone: Any) -> None:
    viewer, small = alone
    rng, found, of = random.Random(3), 0, 0
    texts = [one.text for batch in small.store.each("ticket", viewer) for one in batch]
    for text in [*ASKED, *rng.sample(texts, 25)]:
        here, there = (
            {(hit.record.ref.kind, hit.record.number) for hit in (*answer.hits, *answer.nearest)}
            for answer in (one.search(text, viewer=viewer, limit=10) for one in (plain_desk, small))
        )
        found, of = found + len(here & there), of + len(there)
    assert of > 150
    assert found / of >= 0.99, f"{found} of {of}"


def test_exports_hold_what_the_viewer_may_see_and_nothing_else(
    home: Home, hidden: list[Hidden], tmp_path: Path
) -> None:
    for name, viewer in VIEWERS.items():
        for kind in export.KINDS:
            file = tmp_path / f"{name}-{kind}.json"
            n = export.export(home, file, kind=kind, viewer=viewer)
            text = file.read_text("utf-8")
            assert n == len(json.loads(text))
            assert kind == "links" or n == home.store.counts(viewer)[kind]
            assert leaks(text, patterns_of(hidden, viewer)) == []


def test_models_and_patterns_hold_no_word_that_stands_in_hidden_records_only(home: Home, hidden: list[Hidden]) -> None:
    """Search indexes hold every word by nature, behind the filter; models, names and reports may not."""
    words = {word.encode() for one in hidden for word in one.canaries}
    found = dict.fromkeys(("models", "patterns"), 0)
    for what in ("models", "patterns"):
        for file in (home.folder / "made").glob(f"{what}*/**/*"):
            if file.is_file():
                blob = unpacked(file)
                found[what] += b"tunnel" in blob  # what everybody may see stands there, so the scan would find it
                assert not [word for word in words if word in blob], file
    assert all(found.values()), found


def unpacked(file: Path) -> bytes:
    import gzip
    import zipfile

    blob = file.read_bytes()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as box:
            blob += b"".join(box.read(name) for name in box.namelist())
    if blob[:2] == b"\x1f\x8b":
        blob += gzip.decompress(blob)
    return blob
