"""Triage learns from little, from much and from odd data, explains itself, and keeps its word."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.errors import Damaged, TooLittle
from models import scores
from models.classifier import (
    OTHER,
    TextClassifier,
    dump_targets,
    fit_targets,
    folds_of,
    learn_targets,
    load_targets,
    predict_targets,
    svm_baseline,
)
from models.spelling import one_spelling
from models.views import Grams, OneHot, nearest, same_text_groups

TOPICS = {
    "Network": ["vpn", "wifi", "tunnel", "router", "dns", "gateway", "cable", "switch"],
    "Printing": ["printer", "toner", "paper", "jam", "tray", "driver", "scanner", "spooler"],
    "Mail": ["outlook", "mailbox", "attachment", "calendar", "signature", "spam", "inbox", "quota"],
}
FILLER = [
    "please",
    "help",
    "with",
    "this",
    "it",
    "does",
    "not",
    "work",
    "since",
    "monday",
    "thank",
    "you",
    "my",
    "colleague",
    "too",
    "urgent",
    "again",
]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Words thrown into 32 places: alike texts are alike vectors, and it can be checked by eye."""
    out = np.zeros((len(texts), 32), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            out[row, zlib.crc32(word.encode()) % 32] += 1
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def desk(
    n: int, *, seed: int = 0, noise: float = 0.0, topics: Sequence[str] = tuple(TOPICS)
) -> tuple[list[str], list[str]]:
    """n texts of two telling words among six others, and their labels, a share of them wrong."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        topic = topics[i % len(topics)]
        words = [*rng.choice(TOPICS[topic], 2), *rng.choice(FILLER, 6)]
        texts.append(" ".join(rng.permutation(words)))
        labels.append(str(rng.choice(topics)) if rng.random() < noise else topic)
    return texts, labels


@pytest.fixture(scope="module")
def learnt() -> TextClassifier:
    texts, labels = desk(400, noise=0.1)
    return TextClassifier(promise=0.8).fit(texts, embed(texts), labels)


def test_new_tickets_get_their_class_with_probabilities_that_sum_to_one(learnt: TextClassifier) -> None:
    texts, labels = desk(200, seed=1)
    proba = learnt.predict(texts, embed(texts))
    assert proba.shape == (200, 3)
    assert proba.dtype == np.float64
    assert np.allclose(proba.sum(axis=1), 1)
    assert scores.accuracy(labels, np.array(learnt.classes)[proba.argmax(axis=1)]) > 0.95


def test_confidence_knows_about_the_noise_in_the_labels(learnt: TextClassifier) -> None:
    texts, labels = desk(600, seed=2, noise=0.1)
    proba = learnt.predict(texts, embed(texts))
    right = np.array(learnt.classes)[proba.argmax(axis=1)] == np.array(labels)
    assert scores.ece(proba.max(axis=1), right) < 0.06


def test_the_same_seed_learns_the_same(learnt: TextClassifier) -> None:
    texts, labels = desk(400, noise=0.1)
    again = TextClassifier(promise=0.8).fit(texts, embed(texts), labels)
    assert np.array_equal(again.predict(texts, embed(texts)), learnt.predict(texts, embed(texts)))


def test_twenty_texts_of_two_classes_are_enough() -> None:
    texts, labels = desk(20, topics=("Network", "Mail"))
    model = TextClassifier().fit(texts, embed(texts), labels)
    fresh, truth = desk(60, seed=3, topics=("Network", "Mail"))
    proba = model.predict(fresh, embed(fresh))
    assert scores.accuracy(truth, np.array(model.classes)[proba.argmax(axis=1)]) > 0.7
    assert all(np.isinf(list(model.thresholds.values())))


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a", "b"] * 9, "18 labelled texts"),
        (["a"] * 40, "only one value, 'a'"),
        ([f"case {i}" for i in range(60)], "none of the 60 different values"),
        (["", None, "  "] * 20, "0 labelled texts"),
        (["a"] * 39 + ["b"], "only one value"),
    ],
)
def test_too_little_is_said_in_one_sentence(labels: list[str | None], sentence: str) -> None:
    texts = [f"text {i}" for i in range(len(labels))]
    with pytest.raises(TooLittle, match=sentence):
        TextClassifier().fit(texts, embed(texts), labels)


def test_rare_labels_are_pooled_listed_and_never_said() -> None:
    texts, labels = desk(300)
    labels[:30] = [f"odd {i % 15}" for i in range(30)]
    model = TextClassifier(promise=0.5).fit(texts, embed(texts), labels)
    assert model.classes[-1] == OTHER
    assert model.pooled == {f"odd {i}": 2 for i in range(15)}
    assert model.thresholds[OTHER] == np.inf
    assert model.facts()["pooled"] == model.pooled


def test_labels_already_pooled_by_the_caller_stay_one_class() -> None:
    texts, labels = desk(300)
    labels[:60] = [OTHER] * 60
    model = TextClassifier(promise=0.5).fit(texts, embed(texts), labels)
    assert model.classes == ["Mail", "Network", "Printing", OTHER]
    assert model.thresholds[OTHER] == np.inf


def test_five_thousand_values_are_pooled_down_to_the_frequent_ones() -> None:
    texts, labels = desk(600)
    labels = [label if i < 200 else f"value {i}" for i, label in enumerate(labels)]
    model = TextClassifier().fit(texts, embed(texts), labels)
    assert len(model.classes) == 4
    assert len(model.pooled) == 400


def test_copies_empty_texts_and_blank_vectors_do_no_harm() -> None:
    for texts in (["the same text"] * 60, [""] * 60):
        model = TextClassifier().fit(texts, embed(texts), ["a", "b"] * 30)
        proba = model.predict(["the same text", "", "never seen " * 100_000], np.zeros((3, 32), dtype=np.float32))
        assert np.isfinite(proba).all()
        assert np.abs(proba - 0.5).max() < 0.2
        assert all(np.isinf(list(model.thresholds.values())))


def test_labels_differ_by_more_than_spaces() -> None:
    texts, labels = desk(60)
    model = TextClassifier().fit(texts, embed(texts), [f" {label}  " for label in labels])
    assert model.classes == sorted(TOPICS)


def test_labels_that_differ_in_case_and_spaces_are_one_shown_as_most_often_written() -> None:
    texts, labels = desk(90)
    spelt = [(label.upper(), f"{label} ", label, f"  {label}", label)[i % 5] for i, label in enumerate(labels)]
    model = TextClassifier().fit(texts, embed(texts), spelt)
    assert model.classes == sorted(TOPICS)
    assert sum(model.counts) == 90
    assert model.codes([" NETWORK", "mail ", "unheard of"]).tolist() == [1, 0, -1]
    assert one_spelling(["a B", "A  b", "A b", "", None, "  "]) == ["A b", "A b", "A b", None, None, None]


def test_a_megabyte_is_read_in_a_moment_and_an_empty_ticket_gets_no_certainty(learnt: TextClassifier) -> None:
    texts = ["vpn tunnel " * 100_000, "", "\x00" * 1_000_000]
    proba = learnt.predict(texts, np.zeros((3, 32), dtype=np.float32))
    assert np.isfinite(proba).all()
    assert learnt.classes[proba[0].argmax()] == "Network"
    assert not learnt.contract.speaks(proba)[1]
    assert learnt.telling(texts[0], "Network")[:2] in (["vpn", "tunnel"], ["tunnel", "vpn"])


def test_models_of_two_trainings_lie_in_one_file_each_with_its_own_views() -> None:
    texts, labels = desk(120)
    others, again = desk(90, seed=8)
    one = fit_targets(texts, embed(texts), {"category": labels})[0]
    two = fit_targets(others, embed(others), {"line": ["2" if x == "Mail" else "1" for x in again]})[0]
    mixed = {**one, **two}
    back = load_targets(dump_targets(mixed))
    fresh, _ = desk(20, seed=4)
    said, told = predict_targets(mixed, fresh, embed(fresh)), predict_targets(back, fresh, embed(fresh))
    assert all(np.array_equal(said[target], told[target]) for target in mixed)
    assert back["category"].views is not back["line"].views


def test_a_trial_knows_no_later_label_and_its_promise_is_taken_over() -> None:
    texts, labels = desk(1200, noise=0.1)
    later = np.arange(1000, 1200)
    lie = [*labels[:1000], *(["Mail"] * 200)]
    one = learn_targets(texts, embed(texts), {"category": labels}, later={"category": later})
    two = learn_targets(texts, embed(texts), {"category": lie}, later={"category": later})
    assert np.array_equal(one.trials["category"].proba, two.trials["category"].proba)
    model, trial = one.models["category"], one.trials["category"]
    assert model.blend is trial.model.blend
    assert len(model.held.said) == 1200
    fresh, truth = desk(300, seed=5)
    proba = model.predict(fresh, embed(fresh))
    assert scores.accuracy(truth, np.array(model.classes)[proba.argmax(axis=1)]) > 0.95


def test_copies_on_both_sides_do_not_flatter_the_held_out_figures() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{j}" for j in rng.integers(0, 400, 8)) for _ in range(60)] * 3
    labels = [str(label) for label in rng.choice(["a", "b"], 60)] * 3
    model = TextClassifier().fit(texts, embed(texts), labels)
    assert model.figures["accuracy"] < 0.7


def test_structured_fields_help_where_the_text_is_silent() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(FILLER, 6)) for _ in range(200)]
    labels = ["Site A" if i % 2 else "Site B" for i in range(200)]
    fields = [{"location": label[-1], "channel": "phone"} for label in labels]
    model = TextClassifier().fit(texts, embed(texts), labels, fields=fields)
    proba = model.predict(texts[:40], embed(texts[:40]), fields[:40])
    assert scores.accuracy(labels[:40], np.array(model.classes)[proba.argmax(axis=1)]) > 0.95
    assert np.isfinite(model.predict(texts[:2], embed(texts[:2]), [{"location": "elsewhere"}, {}])).all()


def test_corrections_weigh_more_than_history() -> None:
    texts = ["the portal is slow today"] * 30 + desk(60, topics=("Network", "Mail"))[0]
    labels = ["Network"] * 20 + ["Mail"] * 10 + desk(60, topics=("Network", "Mail"))[1]
    groups = list(range(90))
    weights = [1.0] * 20 + [20.0] * 10 + [1.0] * 60
    plain = TextClassifier().fit(texts, embed(texts), labels, groups=groups)
    heavy = TextClassifier().fit(texts, embed(texts), labels, groups=groups, weights=weights)
    at = plain.classes.index("Mail")
    asked = ["the portal is slow today"]
    assert heavy.predict(asked, embed(asked))[0, at] > plain.predict(asked, embed(asked))[0, at] + 0.2


def test_telling_words_stand_in_the_text_and_speak_for_the_label(learnt: TextClassifier) -> None:
    told = learnt.telling("Please help, my PRINTER has a paper jam since monday", "Printing", most=3)
    assert set(told) == {"printer", "paper", "jam"}
    assert learnt.telling("Please help", "no such class") == []
    assert learnt.telling("", "Printing") == []


def test_deleting_the_telling_words_costs_more_than_deleting_others(learnt: TextClassifier) -> None:
    texts, _ = desk(60, seed=7)
    proba = learnt.predict(texts, embed(texts))
    best, rng, won = proba.argmax(axis=1), np.random.default_rng(0), 0
    for row, text in enumerate(texts):
        words = text.split()
        told = set(learnt.telling(text, learnt.classes[best[row]], most=2))
        chance = set(rng.choice(sorted(set(words)), len(told), replace=False))
        without = [" ".join(w for w in words if w not in gone) for gone in (told, chance)]
        left = learnt.predict(without, embed(without))[:, best[row]]
        won += left[0] <= left[1]
    assert won / len(texts) >= 0.8


def test_the_contract_is_kept_on_later_tickets(learnt: TextClassifier) -> None:
    texts, labels = desk(600, seed=9, noise=0.1)
    proba = learnt.predict(texts, embed(texts))
    speaks = learnt.contract.speaks(proba)
    right = np.array(learnt.classes)[proba.argmax(axis=1)] == np.array(labels)
    assert speaks.mean() > 0.5
    assert right[speaks].mean() >= 0.8
    assert learnt.promised(0.9999).coverage == 0


def test_a_contract_settled_on_other_tickets_replaces_the_first() -> None:
    texts, labels = desk(200)
    model = TextClassifier().fit(texts, embed(texts), labels)
    fresh, truth = desk(300, seed=5)
    contract = model.settle(model.predict(fresh, embed(fresh)), truth, promise=0.9)
    assert contract is model.contract
    assert contract.promise == 0.9
    assert len(model.held.said) == 300


def test_targets_of_one_training_share_their_views_and_come_back_from_bytes() -> None:
    texts, labels = desk(120)
    line = ["2" if label == "Network" else "1" for label in labels]
    steps: list[tuple[int, int]] = []
    targets = {"category": labels, "line": line, "impact": ["3"] * 120}
    models, skipped = fit_targets(texts, embed(texts), targets, opened=list(range(120)),
                                  progress=lambda done, total: steps.append((done, total)))  # fmt: skip
    assert list(models) == ["category", "line"]
    assert list(skipped) == ["impact"] and "only one value" in skipped["impact"]
    assert models["category"].views is models["line"].views
    assert steps[-1] == (3, 3)
    data = dump_targets(models)
    back = load_targets(data)
    fresh, _ = desk(20, seed=4)
    said, again = predict_targets(models, fresh, embed(fresh)), predict_targets(back, fresh, embed(fresh))
    assert all(np.array_equal(said[target], again[target]) for target in models)
    assert back["line"].facts() == models["line"].facts()
    with pytest.raises(Damaged):
        load_targets(data[: len(data) // 2])


def test_no_target_at_all_is_too_little() -> None:
    texts, _ = desk(30)
    with pytest.raises(TooLittle, match="category: only one value"):
        fit_targets(texts, embed(texts), {"category": ["a"] * 30})


def test_folds_keep_groups_whole_and_classes_even() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 120, 400)
    truth = (groups % 3).astype(np.int64)
    fold = folds_of(truth, groups)
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups))
    assert np.ptp([(fold[truth == 1] == f).sum() for f in range(5)]) < 40
    assert same_text_groups(["A b!", "a B", "a c"]).tolist() == [0, 0, 1]


def test_nearest_leaves_out_the_own_group_and_orders_by_score() -> None:
    rows = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]]
    rows[2] = [0.8, 0.6, 0, 0]
    groups = np.array([0, 0, 1, 2])
    near = nearest(rows, rows, most=3, groups=(groups, groups))
    assert near.at[0, 0] == 2
    assert near.score[0].tolist() == [pytest.approx(0.8), 0, 0]
    assert nearest(rows, rows[:0]).score.max() == 0


def test_views_come_back_from_their_state() -> None:
    texts = ["Fehler 0x80070035 beim Öffnen", "error 0x80070035 on opening", "nothing"]
    for grams in (Grams("word", (1, 2), features=50), Grams("char_wb", (3, 4), features=50)):
        rows = grams.fit_transform(texts)
        back = Grams.from_state(grams.to_state())
        assert np.array_equal(back.transform(texts).toarray(), rows.toarray())
    onehot = OneHot.fit([{"ci": "srv1", "site": ""}] * 5 + [{"ci": "rare"}])
    assert onehot.names == ["ci=srv1"]
    assert onehot.transform([{"ci": "srv1"}, {"ci": "rare"}]).toarray().tolist() == [[1], [0]]


def test_the_plain_baseline_predicts_probabilities() -> None:
    texts, labels = desk(90)
    fresh, truth = desk(30, seed=2)
    classes, proba = svm_baseline(texts, labels, fresh)
    assert np.allclose(proba.sum(axis=1), 1)
    assert scores.accuracy(truth, np.array(classes)[proba.argmax(axis=1)]) > 0.9
