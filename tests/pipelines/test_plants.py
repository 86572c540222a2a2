"""The phrasings that the redactor is measured with: whose they are, and which of them nobody looked at."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest

from kb.privacy.learnt import FILE
from kb.privacy.signs import candidates
from pipelines.bench_privacy import PARTS, figures
from pipelines.plants import others, values
from pipelines.plants.teach import TEACHERS, all_lessons, learn, lessons, taught_by, write
from pipelines.plants.tickets import NUMBERED, PERSONAL, SECRETS, WEIGHTS, Half, phrasings, planted


def lines(half: Half) -> Counter[tuple[str, str, str]]:
    return Counter(
        (kind, land, one) for kind, lands in phrasings(half).items() for land, some in lands.items() for one in some
    )


def test_every_kind_has_phrasings_in_every_part_and_counts_in_one_total() -> None:
    assert set(SECRETS) | set(PERSONAL) | set(NUMBERED) == set(WEIGHTS)
    for part in PARTS:
        known = phrasings(part)
        assert all(any(known[kind].values()) for kind in WEIGHTS)
        assert all(known["id"].values())


@pytest.mark.parametrize("part", PARTS)
def test_what_must_go_stands_in_every_ticket(part: Half) -> None:
    for one in planted(part, 300, seed=5):
        assert one.value, one.phrase
        assert one.value in one.text, one.phrase
        assert not any(f"{{{slot}}}" in one.text for slot in ("v", "login", "label", "caller", "first", "last"))


def test_a_phrasing_that_was_missed_once_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import bench_privacy

    def never(text: str, *_: object, **__: object) -> tuple[str, Counter[str]]:
        return text, Counter()

    monkeypatch.setattr(bench_privacy, "redact", never)
    said = {row.system: row.value for row in figures("ours", n=60, lines=3) if row.metric in ("recall", "never missed")}
    assert said["phrasings"] == said["all secrets"] == said["all numbers"] == 0.0


def test_the_last_set_is_not_learnt_from_and_shares_next_to_no_phrasing_with_the_others() -> None:
    last = {one for *_, one in lines(PARTS[-1])}
    assert PARTS[-1] not in TEACHERS
    assert len(last) > 400
    known = {one for part in {*PARTS[:-1], *TEACHERS} for *_, one in lines(part)}
    assert len(last & known) < len(last) / 50


def test_values_that_are_learnt_from_are_of_other_makes_than_those_that_are_measured_with() -> None:
    rng = Random(3)
    measured = {values.password(rng) for _ in range(3_000)} | {values.login(rng) for _ in range(300)}
    taught = {others.password(rng) for _ in range(3_000)} | {others.login(rng) for _ in range(300)}
    assert len(measured & taught) < 40
    for made in (others.password, others.code, others.wifi, others.keyed, others.strong, others.thing):
        assert len({made(rng) for _ in range(200)}) > 150


# --- what is learnt ----------------------------------------------------------------------------------------------------


def test_the_weights_that_are_shipped_were_taught_by_the_phrasings_that_are_shipped() -> None:
    said = json.loads(_shipped_text())
    assert said["taught_by"] == taught_by()


def test_a_few_lessons_teach_what_leads_to_a_secret_and_what_does_not() -> None:
    by = [*lessons("held", ["Printer jams."]), *lessons("taught_own", ["Printer jams."])]
    assert sum(yes for one in by for _, yes in one.candidates) > 300
    weights = learn(by)
    assert 20 < len(weights.of) < 2_000
    yes, no = (
        max((weights.odds(one) for one in candidates(text)), default=-99.0)
        for text in ("The password is Winter2031! thanks", "Version 128.3.1 of Outlook365 on LT-4711")
    )
    assert yes > no


@pytest.mark.slow
def test_who_teaches_again_gets_the_weights_that_are_shipped(tmp_path: Path) -> None:
    write(learn(all_lessons()), tmp_path / FILE)
    again, shipped_ = (json.loads(text) for text in ((tmp_path / FILE).read_text("utf-8"), _shipped_text()))
    assert again["taught_by"] == shipped_["taught_by"]
    a, b = ({tuple(sign): weight for *sign, weight in one["weights"]} for one in (again, shipped_))
    assert len(a.keys() & b.keys()) > 0.97 * len(b)
    assert all(abs(a[sign] - b[sign]) < 0.1 for sign in a.keys() & b.keys())


def _shipped_text() -> str:
    return files("kb.privacy").joinpath(FILE).read_text("utf-8")
