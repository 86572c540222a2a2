"""From HTML to the text a reader would see, in one pass however broken the markup is, and from text to safe Markdown.

The standard library's parser is not used: before 3.11.14 it takes quadratic time on an unclosed comment, and bodies
come from strangers. Only known element names count as tags, so ``<user@host>`` and ``<your name>`` stay text.
"""

from __future__ import annotations

import html
import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BREAKS = _names(
    "p div br li tr h1 h2 h3 h4 h5 h6 table ul ol dl dt dd hr pre blockquote section article header footer"
    " tbody thead title form fieldset address main nav aside figure option"
)
_INLINE = _names(
    "a abbr b big body center cite code col colgroup del em font head html i img input ins kbd label link mark meta s"
    " samp small span strike strong sub sup td th tt u var base button caption figcaption select textarea tfoot wbr"
    " picture source time svg path o v w st1"
)
_SILENT = frozenset(("script", "style", "template", "noscript", "iframe", "object"))
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})((?:[\s:/][^<>]{0,4000})?)/?>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,30}\d{0,2});")
_SURE = re.compile(
    r"<!doctype html|<html[\s>]|<body[\s>]|</(?:p|div|span|a|li|ul|ol|td|tr|table|b|i|u|strong|em|h[1-6]|font|pre"
    r"|code)>|<br ?/?>",
    re.IGNORECASE,
)


def looks_like_html(text: str) -> bool:
    """Whether a text carries a closing tag or a line break of HTML, which people hardly ever type."""
    return "<" in text and _SURE.search(text) is not None


def to_text(text: str) -> str:
    """Return the visible text of an HTML fragment: block elements break lines, list items and cells stay apart."""
    out: list[str] = []
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text
    ends: dict[str, int] = {}
    at = 0
    while True:
        opened = text.find("<", at)
        if opened < 0:
            out.append(text[at:])
            return unescape("".join(out))
        out.append(text[at:opened])
        if text.startswith("<!--", opened):
            at = _skip(lowered, "-->", opened + 4, ends)
            continue
        match = _TAG.match(text, opened)
        name = match[2].lower() if match else ""
        if match and name in _SILENT and not match[1]:
            at = _skip(lowered, f"</{name}", match.end(), ends)
        elif match and (name in _BREAKS or name in _INLINE):
            out.append("\n" if name in _BREAKS else " " if name in ("td", "th") else "")
            at = match.end()
        elif match and name in _SILENT:
            at = match.end()
        else:
            at = _odd(text, opened, out)


def _skip(lowered: str, closing: str, start: int, ends: dict[str, int]) -> int:
    """Where to go on behind ``closing``; text behind an opening that never closes is kept. Searches a text once."""
    if ends.get(closing) == -1:
        return start
    found = lowered.find(closing, start)
    ends[closing] = found
    return start if found < 0 else found + len(closing)


_DECLARATION = re.compile(r"<[!?][^<>]{0,500}>")


def _odd(text: str, opened: int, out: list[str]) -> int:
    """A "<" that opens no tag we know: a declaration is dropped, all else stays as text."""
    declared = _DECLARATION.match(text, opened)
    if declared:
        return declared.end()
    out.append("<")
    return opened + 1


def unescape(text: str) -> str:
    """Replace complete HTML entities (``&nbsp;``, ``&#228;``); a bare ampersand stays."""
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text)


_SPECIAL = re.compile(r"[\\`*_\[\]<>&~$:|^{}!]")
ADDRESS = re.compile(r"(?:https?://|ftp://|www\.|mailto:)[^\s`]*|(?<![^\s`@])[^\s`@]+@[^\s`@]+", re.IGNORECASE)
"""A web or mail address; looked for where a word begins, so that a very long word is read once."""
_OPENING = re.compile(r"^(\s*)(?=[#+=\-])|^(\s*\d{1,9})(?=[.)](?:\s|$))")


def folded(text: str) -> str:
    """The text on one line, single blanks between its words."""
    return " ".join(text.split())


def escaped(text: str) -> str:
    """One line of Markdown that shows exactly these words: addresses as code, so that nothing becomes a link."""
    text, out, at = folded(text), list[str](), 0
    for match in ADDRESS.finditer(text):
        out += [_SPECIAL.sub(r"\\\g<0>", text[at : match.start()]), f"`{match.group()}`"]
        at = match.end()
    out.append(_SPECIAL.sub(r"\\\g<0>", text[at:]))
    return _OPENING.sub(lambda found: f"{found[1] or found[2] or ''}\\", "".join(out))
