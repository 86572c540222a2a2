"""The phrasings that the redactor is measured with: whose they are, and which of them nobody looked at."""

from __future__ import annotations

from collections import Counter

import pytest

from pipelines.bench_privacy import PARTS, figures
from pipelines.plants.tickets import NUMBERED, PERSONAL, SECRETS, WEIGHTS, Half, phrasings, planted


def lines(half: Half) -> Counter[tuple[str, str, str]]:
    return Counter(
        (kind, land, one) for kind, lands in phrasings(half).items() for land, some in lands.items() for one in some
    )


def test_the_two_parts_by_somebody_else_are_apart_and_together_all_of_them() -> None:
    a, b = lines("independent-a"), lines("independent-b")
    assert not a.keys() & b.keys()
    assert a + b == lines("independent")
    assert min(a.total(), b.total()) > 0.4 * lines("independent").total()


def test_every_kind_has_phrasings_in_every_part_and_counts_in_one_total() -> None:
    assert set(SECRETS) | set(PERSONAL) | set(NUMBERED) == set(WEIGHTS)
    for part in PARTS:
        known = phrasings(part)
        assert all(any(known[kind].values()) for kind in WEIGHTS)
        assert all(known["id"].values())


def test_what_was_read_before_the_parts_were_made_is_in_the_part_that_was_read() -> None:
    whole, a = phrasings("independent"), phrasings("independent-a")
    assert a["password"]["en"][:27] == whole["password"]["en"][:27]
    assert a["harmless"]["lines"][-4:] == whole["harmless"]["lines"][-4:]


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


def test_the_second_set_is_measured_and_shares_next_to_no_phrasing_with_the_others() -> None:
    assert PARTS[-1] == "second"
    second = {one for *_, one in lines("second")}
    assert len(second) > 400
    assert len(second & {one for part in PARTS[:-1] for *_, one in lines(part)}) < len(second) / 20
