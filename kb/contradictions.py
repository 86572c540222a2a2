"""Articles that say opposite things of one matter: sentences that are the same but for one "not", word or value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kb.actions import vocabulary
from kb.records import Article, Ref
from kb.sentences import sentences
from kb.upkeep import Conflict, Pair, whole_text

_READ = 20_000
_LONGEST = 40
_TOKEN = re.compile(r"\\\\\S+|[A-Za-z]:\\\S*|(?<!\w)/\S+|%?[^\W_][^\s,;:!?()\"“”„«»<>=]*")
_NUMBERED = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+")
_YEARLY = re.compile(r"(?:19|20)\d\d|\d{1,2}[./]\d{1,2}[./](?:\d\d){1,2}|\d{4}-\d\d-\d\d")
_POINTERS = vocabulary("step steps page figure section chapter note schritt seite abbildung abschnitt étape")
_NOT = vocabulary("not never no don't doesn't cannot can't won't nicht nie niemals kein keine keinen pas jamais")
_SMALL = vocabulary(
    "always immer toujours ne a an the your this that please do does be is are to of in and then it its der die das den"
    " dem ein eine einen bitte"
    " sie ihr ihre und dann le la les un une des du de votre vous et puis il veuillez"
)
# No "open" and "close" or "start" and "stop" among them: those are steps that follow each other.
_OPPOSITES = (
    ("enable enabled enables enabling", "disable disabled disables disabling"),
    ("activate activated", "deactivate deactivated"),
    ("allow allowed allows permit permitted", "block blocked blocks deny denied forbid forbidden"),
    ("on", "off"),
    ("install installed reinstall", "uninstall uninstalled remove removed"),
    ("select selected check checked tick ticked", "deselect uncheck unchecked untick"),
    ("before", "after"),
    ("with", "without"),
    ("increase raise", "decrease lower reduce"),
    ("grant granted", "revoke revoked"),
    ("accept", "reject decline"),
    ("show shown", "hide hidden"),
    ("aktivieren aktiviert einschalten eingeschaltet", "deaktivieren deaktiviert ausschalten ausgeschaltet"),
    ("erlauben erlaubt zulassen", "verbieten verboten blockieren blockiert sperren gesperrt"),
    ("installieren installiert", "deinstallieren deinstalliert entfernen entfernt"),
    ("mit", "ohne"),
    ("activer activé activez", "désactiver désactivé désactivez"),
    ("autoriser autorisé autorisez", "bloquer bloqué bloquez interdire"),
    ("installer installez", "désinstaller désinstallez supprimer supprimez"),
    ("avec", "sans"),
)
_SIDES = {
    word: (place, side)
    for place, sides in enumerate(_OPPOSITES)
    for side, words in enumerate(sides)
    for word in words.split()
}
"""Word → (which matter, which side of it)."""


def conflicts(pairs: Sequence[Pair]) -> list[Conflict]:
    """Sentences of close articles that are the same but for one "not", one opposite word or one value.

    Few and right rather than many: what both articles name, or their titles announce, is no conflict. In the order of
    the pairs, the nearest first.
    """
    read: dict[Ref, _Read] = {}
    found: list[Conflict] = []
    for pair in pairs:
        for one in (pair.left, pair.right):
            if one.ref not in read:
                read[one.ref] = _read(one)
        found.extend(_against(pair, read[pair.left.ref], read[pair.right.ref]))
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence taken apart: what it is about (``about``), which way round, with which values."""

    text: str
    about: tuple[str, ...]
    ways: tuple[str, ...]
    """Words that have an opposite."""
    values: tuple[str, ...]
    denied: bool

    @property
    def key(self) -> tuple[object, ...]:
        return self.about, tuple(_SIDES[word] for word in self.ways), self.values, self.denied


@dataclass(frozen=True, slots=True)
class _Read:
    by_matter: Mapping[tuple[str, ...], tuple[_Said, ...]]
    keys: frozenset[tuple[object, ...]]
    words: frozenset[str]
    title: frozenset[str]


def _read(article: Article) -> _Read:
    text = whole_text(article)[:_READ]
    by_matter: dict[tuple[str, ...], list[_Said]] = {}
    for sentence in sentences(text):
        said = _taken_apart(sentence.text)
        if said is not None:
            by_matter.setdefault(said.about, []).append(said)
    keys = frozenset(said.key for group in by_matter.values() for said in group)
    words = frozenset(_plain(token) for token in _TOKEN.findall(text))
    title = frozenset(_plain(token) for token in _TOKEN.findall(article.title))
    return _Read({about: tuple(group) for about, group in by_matter.items()}, keys, words, title)


def _plain(token: str) -> str:
    return token.casefold().rstrip(".:,;-").replace("’", "'")


def _taken_apart(sentence: str) -> _Said | None:
    """``None`` where too little is left to be sure what the sentence is about."""
    about, ways, values, denied = list[str](), list[str](), list[str](), False
    tokens = [token for token in map(_plain, _TOKEN.findall(_NUMBERED.sub("", sentence))) if token]
    if len(tokens) > _LONGEST:
        return None
    for before, token in zip(["", *tokens], tokens, strict=False):
        if token in _NOT:
            denied = not denied
        elif token in _SIDES:
            ways.append(token)
            about.append("±" + str(_SIDES[token][0]))
        elif before not in _POINTERS and (shape := _shape(token)):
            values.append(token)
            about.append("#" + shape)
        elif token not in _SMALL:
            about.append(token)
    telling = sum(1 for word in about if word[0] not in "#±" and len(word) > 1)
    return _Said(sentence, tuple(about), tuple(ways), tuple(values), denied) if telling >= 2 else None


def _shape(token: str) -> str:
    """What kind of value a token is; "" for a word, and for years and dates, which change without a conflict."""
    if _YEARLY.fullmatch(token):
        return ""
    if "\\" in token or token.count("/") > 1 or (token.startswith("/") and len(token) > 3):
        return "path"
    if not any(sign.isdigit() for sign in token):
        return ""
    if not any(sign.isalpha() for sign in token):
        return "dotted" if token.count(".") > 1 else "number"
    return "name" if "-" in token or "." in token else "measure" if token[0].isdigit() else "name"


def _against(pair: Pair, left: _Read, right: _Read) -> Iterator[Conflict]:
    told = set[tuple[str, str]]()
    for about, mine in left.by_matter.items():
        for one in mine:
            for other in right.by_matter.get(about, ()):
                kind, why = _clash(one, other)
                if kind is None or one.key in right.keys or other.key in left.keys or (one.text, other.text) in told:
                    continue
                if kind != "negation" and _announced(one, other, left, right):
                    continue
                told.add((one.text, other.text))
                yield Conflict(pair.left, pair.right, one.text, other.text, kind, why)


def _announced(one: _Said, other: _Said, left: _Read, right: _Read) -> bool:
    """Whether both titles say that this is where they differ, or one of the texts names both values."""
    mine = {*one.ways, *one.values} - {*other.ways, *other.values}
    theirs = {*other.ways, *other.values} - {*one.ways, *one.values}
    both = bool({*one.values} - {*other.values}) and (theirs <= left.words or mine <= right.words)
    return both or (bool(mine & left.title) and bool(theirs & right.title))


def _clash(one: _Said, other: _Said) -> tuple[Literal["negation", "opposite", "value"] | None, str]:
    """How two sentences about one matter clash, and that in words; (None, "") where they agree or differ in more."""
    turned = [pair for pair in zip(one.ways, other.ways, strict=True) if _SIDES[pair[0]][1] != _SIDES[pair[1]][1]]
    changed = [pair for pair in zip(one.values, other.values, strict=True) if pair[0] != pair[1]]
    telling = sum(1 for word in one.about if word[0] not in "#±" and len(word) > 1)
    if len(turned) + len(changed) + (one.denied != other.denied) != 1:
        return None, ""
    if turned:
        return "opposite", f'one says "{turned[0][0]}", the other "{turned[0][1]}"'
    if changed:
        return ("value", f"one says {changed[0][0]}, the other {changed[0][1]}") if telling >= 3 else (None, "")
    return "negation", 'one of them says "not"'
