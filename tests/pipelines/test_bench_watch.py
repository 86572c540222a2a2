"""Benches of bursts and verdicts: what is planted is what is said to be planted, and a blind system scores nothing."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from kb.held import DAY, LOOKBACK
from pipelines import bench_bursts, bench_held
from pipelines.retell import retell

MONDAY = 1_772_409_600


def stream(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two years of a desk and the pattern of each ticket."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(MONDAY, MONDAY + 730 * DAY, 6_000))
    return times, rng.choice(12, len(times))


def test_planted_fixes_leave_the_past_as_it_was_and_do_what_their_plan_says() -> None:
    times, labels = stream()
    cases = bench_held.planted(times, labels, np.random.default_rng(4), cases=20)
    assert {case.plan for case in cases} == set(bench_held.PLANS)
    for case in cases:
        past = case.opened[case.opened <= case.fixed]
        assert np.isin(past, times).all()
        before = int((past > case.fixed - LOOKBACK * DAY).sum()) / LOOKBACK
        after = int((case.opened > case.fixed).sum()) / max(1, (case.end - case.fixed) / DAY)
        if case.plan == "held":
            assert after < 0.4 * before
        if case.plan == "useless":
            assert after > 0.6 * before
        if case.plan == "relapse":
            quiet = case.opened[(case.opened > case.fixed + DAY) & (case.opened < case.back - DAY)]
            assert len(quiet) == 0 and (case.opened >= case.back).any()


def test_the_product_tells_planted_fixes_apart_and_beats_plain_counts() -> None:
    times, labels = stream()
    cases = bench_held.planted(times, labels, np.random.default_rng(5), cases=12)
    at = ("f", "fix-held", "")
    ours = {r.metric: r.value for r in bench_held._figures(at, "a", [bench_held.ours(c) for c in cases], cases, 0.0)}
    plain = {
        r.metric: r.value for r in bench_held._figures(at, "b", [bench_held.by_counts(c) for c in cases], cases, 0.0)
    }
    assert ours["right"] >= 0.9
    assert ours["ever_wrong"] < plain["ever_wrong"]


def test_a_failure_is_told_anew_in_other_words_but_not_beyond_recognition() -> None:
    text = "VPN drops every few minutes\nSince the update the tunnel breaks. I work from home. Restart does not help."
    told = [retell(text, Random(n)) for n in range(30)]
    assert len(set(told)) > 25
    assert retell(text, Random(3)) == retell(text, Random(3))
    words = set(text.lower().split())
    assert all(words & set(one.lower().split()) for one in told)
    assert retell("", Random(1)) is not None


def flow() -> bench_bursts.Flow:
    rng = np.random.default_rng(6)
    times = np.sort(MONDAY + rng.integers(0, 40 * 7 * DAY, 3_000))
    vectors = rng.standard_normal((3_000, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return bench_bursts.Flow("f", times, vectors, np.zeros(3_000, np.int64), np.full(3_000, -1), MONDAY + 20 * 7 * DAY)


@pytest.mark.parametrize("catches", [True, False])
def test_a_system_is_scored_by_the_ticket_at_which_it_told(catches: bool) -> None:
    rng = np.random.default_rng(7)
    base = rng.standard_normal((1, 32)).astype(np.float32)
    outages = [bench_bursts.Outage("new", np.repeat(base / np.linalg.norm(base), 7, 0)) for _ in range(6)]

    def system(
        times: np.ndarray, vectors: np.ndarray, callers: np.ndarray, start: int, end: int
    ) -> list[bench_bursts.Alarm]:
        """Tells at the third of seven equal tickets, or at nothing."""
        mine = np.flatnonzero(vectors @ outages[0].vectors[0] > 0.999)
        ends = [k for k in range(2, len(mine)) if times[mine[k]] - times[mine[k - 2]] < 7_200]
        last, found = -(10**9), []
        for k in ends:
            if times[mine[k]] - last > 3 * 3_600 and catches:
                found.append(bench_bursts.Alarm(int(mine[k]), tuple(mine[k - 2 : k + 1].tolist())))
                last = int(times[mine[k]])
        return found

    rounds = bench_bursts._rounds(flow(), outages, rng)
    told = [one for r in rounds for one in bench_bursts._tickets_till(system, flow(), outages, r)]
    assert sorted(number for number, _ in told) == list(range(6))
    assert {n for _, n in told} == ({3} if catches else {None})
