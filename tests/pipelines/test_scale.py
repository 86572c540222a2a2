"""The growing desk: made tickets are the same for a seed, an interrupted run goes on, and every step tells its cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from kb.errors import BadSetting
from kb.records import EVERYONE, KEEPER, Link, Problem, Ticket
from kb.store import Store
from kb.tables import Asked
from kb.text import prepare
from pipelines import bench_scale, index, ingest, sample, scale_steps, scale_tickets
from pipelines.__main__ import app
from pipelines.bench import Row
from pipelines.home import Home
from pipelines.scale_tickets import Parents, vary
from pipelines.settings import Settings

SIZE = 1000


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("base")
    sample.make_desk(folder / "files", tickets=400)
    home = Home(Settings(folder / "home", embedder="hashing"))
    home.create()
    for name in ("tickets.csv.gz", "articles.csv.gz", "links.csv"):
        ingest.ingest(home, ingest.look(folder / "files" / name, Asked(source="sample")))
    tickets = [t for batch in home.store.each("ticket", KEEPER) for t in batch]
    texts = [text for t in tickets if isinstance(t, Ticket) for text in {t.text, scale_steps.gist(t)}]
    home.store.keep_vectors([scale_steps.content_hash(t) for t in texts], home.embedder.id, home.embedder.encode(texts))
    return home


def step(name: str, base: Home, place: Path, **more: str) -> dict[str, float]:
    said = {"base": str(base.folder), "place": str(place), "size": SIZE, "embed": False, "started": 0.0, **more}
    assert scale_steps.main([name, json.dumps(said)]) == 0
    return dict(json.loads((place / f"{name}.json").read_text("utf-8")))


def records(home: Home) -> list[Any]:
    return [record for batch in home.store.each("ticket", KEEPER) for record in batch]


def test_a_text_varies_by_its_seed_and_keeps_most_of_its_words() -> None:
    text = "Host srv12.example.com gives error 51234. It began today after the update. Nobody can print any more."
    first = vary(text, Random(1))
    assert first == vary(text, Random(1))
    assert len({vary(text, Random(seed)) for seed in range(20)}) > 15
    assert len(set(first.split()) & set(text.split())) > len(text.split()) / 2
    assert [vary(odd, Random(1)) for odd in ("", "x")] == ["", "x"]


def test_a_perturbed_vector_is_of_length_one_and_near_its_parent() -> None:
    rng = np.random.default_rng(1)
    parents = rng.normal(size=(50, 32)).astype(np.float32)
    parents /= np.linalg.norm(parents, axis=1, keepdims=True)
    places = np.arange(200) % 50
    made = scale_tickets.perturbed(parents, places, rng)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-4)
    cosine = (made * parents[places]).sum(axis=1)
    assert cosine.min() > 0.79
    assert cosine.max() < 0.96


def test_a_cost_that_grows_with_the_square_has_the_exponent_two() -> None:
    rows = [Row("f", "scale", str(n), "seenbefore", "index_seconds", (n / 1000) ** 2, n=n) for n in (1000, 3000, 10000)]
    (told,) = bench_scale.growth(rows)
    assert (told.split, told.metric) == ("growth", "index_seconds")
    assert told.value == pytest.approx(2.0)
    assert list(bench_scale.growth(rows[:1])) == []


def test_made_tickets_are_the_same_again_and_a_few_are_not_for_everyone(base: Home) -> None:
    parents, again = Parents.of(base, SIZE), Parents.of(base, SIZE)
    made = [parents.ticket(i) for i in range(SIZE)]
    assert made == [again.ticket(i) for i in range(SIZE)]
    assert [t.opened_at for t in made[::20]] == sorted(t.opened_at for t in made[::20] if t.opened_at)
    hidden = sum(not EVERYONE.may_see(t.audience) for t in made)
    assert 0.01 * SIZE < hidden < 0.1 * SIZE
    assert all(link.target.number < link.ticket.number for i in range(SIZE) for link in parents.links_of(i)
               if link.target.kind == "ticket")  # fmt: skip


def test_every_step_tells_its_cost_and_a_stopped_import_goes_on(
    base: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEENBEFORE_EMBEDDER", "hashing")

    def stopped(self: Store, links: Sequence[Link]) -> Any:
        raise KeyboardInterrupt

    place, parents = tmp_path / "desk", Parents.of(base, SIZE)
    home = Home(Settings(place, embedder="hashing"))
    home.create()
    home.store.salted()
    home.store.write("ticket", [prepare(parents.ticket(i)) for i in range(SIZE // 2)])  # stopped half-way once before
    with monkeypatch.context() as broken:
        broken.setattr(Store, "link", stopped)
        with pytest.raises(KeyboardInterrupt):
            step("import", base, place)
    assert place.with_name("desk.csv").exists(), "what was invented is not invented again"
    assert step("import", base, place)["import_rate"] > 0
    made = records(home)
    assert [t.number for t in made] == [f"S{i:08d}" for i in range(SIZE)]
    assert home.store.counts(KEEPER)["articles"] == scale_tickets.ARTICLES
    assert home.store.links()
    assert not place.with_name("desk.csv").exists()

    step("vectors", base, place)
    figures = step("index", base, place)
    assert figures["index_embedded"] == 0, "every vector was there as the embedder would have left it"
    assert figures["index_peak_mb"] > 0
    assert step("recall", base, place)["filtered_recall@10"] == 1.0, "below the exact size nothing is missed"
    assert step("add", base, place)["add_seconds"] > 0
    assert [t.number for t in records(home)] == [t.number for t in made], "what was added is taken out again"


@pytest.mark.slow
def test_what_the_smallest_desk_learnt_serves_the_others(
    base: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEENBEFORE_EMBEDDER", "hashing")
    small, large = tmp_path / "small", tmp_path / "large"
    for place in (small, large):
        for name in ("import", "vectors", "index"):
            step(name, base, place)
    assert step("learn", base, small)["trained_on"] > 0
    assert "train_seconds" not in step("learn", base, large, learnt=str(small)), "learnt once"
    assert step("serve", base, large)["triage_ticket_p95_ms"] > 0
    current = Home(Settings(large, embedder="hashing")).made.current("models")[0]
    assert current.facts == Home(Settings(small, embedder="hashing")).made.current("models")[0].facts


def test_links_are_read_anew_only_where_one_may_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(Settings(tmp_path / "home", embedder="hashing"))
    home.create()
    store = home.store
    made = [prepare(Ticket("desk", f"T{i}", title=f"printer {i} is offline")) for i in range(6)]
    store.write("ticket", [*made[:4], replace(made[4], problem="PRB1")])
    store.write("problem", [prepare(Problem("desk", "PRB1", title="printers drop off"))])
    index.build(home)
    shelves, links, reads = home.shelves(), Store.links, []
    monkeypatch.setattr(Store, "links", lambda self: reads.append(1) or links(self))  # type: ignore[func-returns-value]

    def read(now: int) -> bool:
        before = len(reads)
        assert len(shelves.now().links) == now == len(links(store))
        return len(reads) > before

    assert read(1)
    store.write("ticket", [made[5]])
    assert not read(1), "a plain ticket moves no link"
    store.link([Link(made[0].ref, made[1].ref)])
    assert read(2)
    store.write("ticket", [replace(made[3], problem="PRB1")])
    assert read(3)
    store.write("ticket", [replace(made[3], problem="")])
    assert read(2)
    store.write("ticket", [made[4]])
    assert read(1), "known from the published generation, named by no change"
    store.delete([made[1].ref])
    assert read(0)
    store.write("ticket", [replace(made[5], title="printer 5 is back")])
    assert not read(0)


def test_a_size_too_small_to_mean_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="30000,100000"):
        bench_scale.run([10], folder=None, work=tmp_path)


def test_sizes_are_read_as_people_write_them() -> None:
    assert bench_scale.sizes("30000, 100_000,") == (30_000, 100_000)
    with pytest.raises(BadSetting, match="list of sizes"):
        bench_scale.sizes("many")


def test_a_bench_without_a_folder_and_without_sizes_says_what_to_give() -> None:
    done = CliRunner().invoke(app, ["bench"])
    assert done.exit_code != 0
    assert "Say which benchmark folder" in done.output
