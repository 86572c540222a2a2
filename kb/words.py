"""BM25 by field, identifiers kept whole, filtered before ranking; the only tantivy file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tantivy
from numpy.typing import NDArray

from kb.disk import is_read_only
from kb.errors import Damaged, StoreTrouble

FIELDS: tuple[str, ...] = ("title", "body", "fix")
FACETS: tuple[str, ...] = ("category", "service", "group", "state", "audience")
MOST_TERMS = 32
"""A question keeps this many of its rarest words, so that a pasted log costs no more than a sentence."""
_QUESTIONS = 16
NEVER = 1 << 40
"""Seconds since 1970 that stand for "not yet" (the year 36812)."""
Ids = NDArray[np.int64]
_Query = tantivy.Query
_Must, _Should, _Not = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


@dataclass(frozen=True, slots=True)
class Document:
    """One record as words see it; ``opened`` and ``resolved`` in seconds since 1970, NEVER where unknown."""

    id: int
    title: str
    body: str = ""
    fix: str = ""
    identifiers: tuple[str, ...] = ()
    facets: dict[str, str] = field(default_factory=dict)
    opened: int = 0
    resolved: int = NEVER
    fix_identifiers: tuple[str, ...] = ()
    """Identifiers that only the resolution holds: known from ``resolved`` on."""


@dataclass(frozen=True, slots=True)
class Where:
    """What may be found: ``facets`` name → allowed values, opened in [opened_from, opened_before), known by ``as_of``.

    With ``as_of``, words of a resolution count only where it was written before that second.
    """

    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opened_from: int | None = None
    opened_before: int | None = None
    as_of: int | None = None
    without: tuple[int, ...] = ()


class WordIndex:
    """An immutable word index, with a small fresh one beside it; scores are BM25 (k1 1.2, b 0.75), higher is better."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        index.register_tokenizer("desk", _analyzer())
        index.reload()
        self._searcher = index.searcher()
        self._schema = index.schema
        self._analyzer = _analyzer()
        self._held: dict[str, dict[str, int]] = {}
        self._asked: dict[tuple[str, int], list[str]] = {}
        self._fresh: WordIndex | None = None
        self._gone: tuple[int, ...] = ()

    @classmethod
    def build(
        cls, documents: Iterable[Document], folder: Path | None = None, *, memory: int = 120_000_000
    ) -> WordIndex:
        """Index all documents into an empty folder, or in memory where none is given (then keep it small).

        Raises ``StoreTrouble`` where the folder cannot be written.
        """
        try:
            index = tantivy.Index(_schema(), path=None if folder is None else str(folder))
            index.register_tokenizer("desk", _analyzer())
            writer = index.writer(heap_size=memory if folder else 15_000_000, num_threads=1)
            for document in documents:
                writer.add_document(_tantivy_document(document))
            writer.commit()
            writer.wait_merging_threads()
        except (OSError, ValueError) as error:
            raise StoreTrouble(f"The word index cannot be written ({error}): check free disk and rights.") from error
        return cls(index)

    @classmethod
    def open(cls, folder: Path) -> WordIndex:
        """Open a published folder whose checksums the caller has verified. Raises ``Damaged`` where it cannot."""
        try:
            with _to_open(folder) as place:
                return cls(tantivy.Index.open(place))
        except ValueError as error:
            raise Damaged("The word index cannot be read: run `seenbefore index`.") from error

    def with_fresh(self, documents: Sequence[Document], gone: Iterable[int]) -> WordIndex:
        """A new view: the same published index without ``gone``, and these documents beside it."""
        other = WordIndex.__new__(WordIndex)
        other.__dict__.update(self.__dict__)
        other._fresh = WordIndex.build(documents) if documents else None
        other._gone = tuple(sorted({*gone, *(document.id for document in documents)}))
        return other

    def __len__(self) -> int:
        """How many documents can be found, those replaced by fresh ones counted once at most."""
        return int(self._searcher.num_docs) + (len(self._fresh) if self._fresh else 0)

    def terms(self, text: str, *, most: int = MOST_TERMS) -> list[str]:
        """The question's distinct words as the index writes them, rarest first; kept for the last few questions."""
        kept = self._asked.get((text, most))
        if kept is None:
            if len(self._asked) >= _QUESTIONS:
                self._asked.clear()
            kept = self._asked[text, most] = self._terms(text, most)
        return list(kept)

    def _terms(self, text: str, most: int) -> list[str]:
        counts: dict[str, int] = {}
        for token in self._analyzer.analyze(text[:200_000]):
            counts[token] = counts.get(token, 0) + 1
        total = max(1, int(self._searcher.num_docs))
        common = sorted(counts, key=lambda t: (-counts[t], t))[: 8 * most]
        rarity = {
            t: np.log1p(total / (1 + max(self._searcher.doc_freq(f, t) for f in ("title", "body")))) for t in common
        }
        return sorted(common, key=lambda t: (-rarity[t] * (1 + np.log(counts[t])), t))[:most]

    def search(
        self, text: str, most: int, *, where: Where | None = None, boosts: dict[str, float] | None = None
    ) -> tuple[Ids, NDArray[np.float64]]:
        """Ids and scores of the best documents, best first; empty where no word of the question is known."""
        terms, where = self.terms(text), where or Where()
        weights = boosts or {"title": 2.0, "body": 1.0, "fix": 0.6}
        return self._both(lambda part: part._words_query(terms, weights, where), most, where)

    def exact(
        self, identifiers: Sequence[str], most: int, *, where: Where | None = None
    ) -> tuple[Ids, NDArray[np.float64]]:
        """Documents that hold any of these identifiers whole, rarest identifier first."""
        if not identifiers:
            return np.zeros(0, np.int64), np.zeros(0)
        where = where or Where()
        return self._both(lambda part: part._identifier_query(identifiers, where), most, where)

    def by_field(self, text: str, ids: Ids, *, as_of: int | None = None) -> NDArray[np.float64]:
        """BM25 of each field of :data:`FIELDS` for these very documents, shape (len(ids), 3); 0 where no word meets."""
        return np.column_stack([self.in_field(text, ids, name, as_of) for name in FIELDS])

    def in_field(self, text: str, ids: Ids, name: str, as_of: int | None = None) -> NDArray[np.float64]:
        """BM25 of one field of :data:`FIELDS` for these very documents, shape (len(ids),); 0 where no word meets."""
        scores = np.zeros(len(ids))
        terms, only = self.terms(text), [int(i) for i in ids]
        if not terms or not only:
            return scores
        place = {record_id: row for row, record_id in enumerate(only)}

        def ask(part: WordIndex) -> tantivy.Query:
            return part._words_query(terms, {name: 1.0}, Where(as_of=as_of))

        found, values = self._both(ask, len(only), Where(), only)
        scores[[place[i] for i in found.tolist()]] = values
        return scores

    # --- inside ------------------------------------------------------------------------------------------------

    def _both(
        self, ask: Callable[[WordIndex], tantivy.Query], most: int, where: Where, only: list[int] | None = None
    ) -> tuple[Ids, NDArray[np.float64]]:
        ids, scores = self._run(ask(self), most, where, only)
        if self._fresh is not None:
            more_ids, more_scores = self._fresh._run(ask(self._fresh), most, where, only)
            ids, scores = np.concatenate([ids, more_ids]), np.concatenate([scores, more_scores])
            order = np.argsort(-scores, kind="stable")[:most]
            ids, scores = ids[order], scores[order]
        return ids, scores

    def _run(
        self, query: tantivy.Query, most: int, where: Where, only: list[int] | None
    ) -> tuple[Ids, NDArray[np.float64]]:
        clauses = self._where(where)
        if only is not None:
            clauses.append((_Must, _Query.const_score_query(_Query.term_set_query(self._schema, "id", only), 0.0)))
        if most < 1 or not self._searcher.num_docs:
            return np.zeros(0, np.int64), np.zeros(0)
        whole = _Query.boolean_query([(_Must, query), *clauses]) if clauses else query  # alone, words skip blocks
        hits = self._searcher.search(whole, limit=most, count=False).hits
        if not hits:
            return np.zeros(0, np.int64), np.zeros(0)
        ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        return np.asarray(ids, np.int64), np.asarray([score for score, _ in hits], np.float64)

    def _identifier_query(self, identifiers: Sequence[str], where: Where) -> tantivy.Query:
        clauses = []
        for value in identifiers:
            late = _Query.term_query(self._schema, "ident_fix", value.casefold())
            if where.as_of is not None:
                known = _Query.const_score_query(self._range("resolved", None, where.as_of), 0.0)
                late = _Query.boolean_query([(_Must, late), (_Must, known)])
            clauses += [(_Should, _Query.term_query(self._schema, "ident", value.casefold())), (_Should, late)]
        return _Query.boolean_query(clauses)

    def _words_query(self, terms: list[str], weights: dict[str, float], where: Where) -> tantivy.Query:
        """Any of the words in any of the fields; flat, since a union inside a union costs a third more."""
        found: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for name, weight in weights.items():
            words = [_Query.term_query(self._schema, name, t) for t in terms if self._searcher.doc_freq(name, t)]
            if name == "fix" and where.as_of is not None:
                known = _Query.const_score_query(self._range("resolved", None, where.as_of), 0.0)
                any_of = _Query.boolean_query([(_Should, word) for word in words])
                words = [_Query.boolean_query([(_Must, any_of), (_Must, known)])] if words else []
            found += [(_Should, word if weight == 1.0 else _Query.boost_query(word, weight)) for word in words]
        return _Query.boolean_query(found)

    def _range(self, name: str, low: int | None, high: int | None) -> tantivy.Query:
        bottom, top = (-NEVER if low is None else low), (2 * NEVER if high is None else high)
        return _Query.range_query(
            self._schema, name, tantivy.FieldType.Integer, bottom, top, include_lower=True, include_upper=False
        )

    def _facet(self, name: str, allowed: set[str]) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Only documents of these values: where most are, all other values the index holds are left out instead."""
        if name not in self._held:
            self._held[name] = dict(self._searcher.terms_with_prefix(name, ""))
        held = self._held[name]
        others = [value for value in held if value not in allowed]
        if sum(held[value] for value in others) < self._searcher.num_docs // 2:
            return [(_Not, _Query.term_set_query(self._schema, name, others))] if others else []
        chosen = _Query.term_set_query(self._schema, name, sorted(allowed))
        return [(_Must, _Query.const_score_query(chosen, 0.0))]

    def _where(self, where: Where) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for name, values in where.facets.items():
            clauses += self._facet(name, {value or "-" for value in values})
        before = [value for value in (where.opened_before, where.as_of) if value is not None]
        if where.opened_from is not None or before:
            wanted = self._range("opened", where.opened_from, min(before) if before else None)
            clauses.append((_Must, _Query.const_score_query(wanted, 0.0)))
        without = [*where.without, *self._gone]
        if without:
            clauses.append((_Not, _Query.term_set_query(self._schema, "id", without)))
        return clauses


@cache
def _shared_analyzer() -> tantivy.TextAnalyzer:
    return _analyzer()


@lru_cache(maxsize=100_000)
def stems(word: str) -> tuple[str, ...]:
    """A word as the index writes it: lower case, stemmed; empty for a small word."""
    return tuple(_shared_analyzer().analyze(word))


def _analyzer() -> tantivy.TextAnalyzer:
    build = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(64))
    build = build.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    build = build.filter(tantivy.Filter.stopword("english")).filter(tantivy.Filter.stemmer("english"))
    return build.build()


@contextmanager
def _to_open(folder: Path) -> Iterator[str]:
    """Where the files of a folder can be opened: tantivy locks a folder for that, which a read-only disk forbids.

    What is open stays open when the links to it are gone.
    """
    if not is_read_only(folder):
        yield str(folder)
        return
    with TemporaryDirectory(prefix="seenbefore-words-") as elsewhere:
        for file in folder.iterdir():
            if file.suffix != ".lock":
                Path(elsewhere, file.name).symlink_to(file.absolute())
        yield elsewhere


def _schema() -> tantivy.Schema:
    build = tantivy.SchemaBuilder()
    build.add_integer_field("id", stored=False, indexed=True, fast=True)
    for name in FIELDS:
        build.add_text_field(name, stored=False, tokenizer_name="desk", index_option="freq")
    for name in ("ident", "ident_fix", *FACETS):
        build.add_text_field(name, stored=False, tokenizer_name="raw", index_option="basic")
    for name in ("opened", "resolved"):
        build.add_integer_field(name, stored=False, indexed=True, fast=True)
    return build.build()


def _tantivy_document(document: Document) -> tantivy.Document:
    item = tantivy.Document()
    item.add_integer("id", document.id)
    for name in FIELDS:
        item.add_text(name, getattr(document, name))
    for value in document.identifiers:
        item.add_text("ident", value.casefold())
    for value in document.fix_identifiers:
        item.add_text("ident_fix", value.casefold())
    for name in FACETS:
        item.add_text(name, document.facets.get(name) or "-")
    item.add_integer("opened", document.opened)
    item.add_integer("resolved", document.resolved)
    return item
