"""What did your tool export? Upload it, see what was understood, say what cannot be proven, and take it in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import streamlit as st

from kb.desk import Desk
from kb.errors import BadSetting, SeenBeforeError
from kb.records import Viewer
from kb.screens import importtable
from kb.screens.chrome import head, notes, remembered, with_commands
from kb.screens.paper import Node, Told, button, div, el, form, sheet, submit
from kb.screens.paper import field as entry
from kb.screens.wording import count
from kb.tables import Asked, Preset, Understanding, presets
from kb.tables.imported import Imported
from kb.tables.wizard import Said, asked_with, preset_from, renamed
from kb.text import without_hidden

ASKED = "What did your tool export?"
LEAD = "Tickets, articles or problems, as your tool writes them. Nothing is stored before you have seen it."
LARGEST = 20
"""Megabytes an upload may have; the command line takes more."""
_STAY = "Stay on this page until it says what came in. Rows taken in are safe; the same file again adds nothing twice."
_OPTION = re.compile(r" \(--[^()]{1,80}\)")
_KEPT = "sb-import"


@dataclass(slots=True)
class Work:
    """One upload and what was said of it."""

    key: str
    name: str
    said: Said = field(default_factory=Said)
    before: Said = field(default_factory=Said)
    """What was said before the last word, to go back to where that cannot be."""
    preset: str = ""
    """The preset a person chose; "" for the best match."""
    encoding: str = ""
    """The encoding a person chose; "" for what was told from the file."""
    wrong: str = ""
    told: str = ""
    wanted: bool = False
    done: Imported | None = None


def _named(error: SeenBeforeError, name: str) -> str:
    """What is wrong, with the name of the file where one speaks of it."""
    told = str(error)
    return f"{name} {told.removeprefix('the file ')}" if told.startswith("the file ") else told[:1].upper() + told[1:]


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the wizard: an upload, or what is to know before one."""
    sheet("import-head", head(ASKED, LEAD))
    given = st.file_uploader(f"One export, up to {LARGEST} MB: CSV, Excel, JSON or XML, also gzipped",
                             max_upload_size=LARGEST)  # fmt: skip
    own = desk.presets(viewer=viewer)
    if given is None:
        st.session_state.pop(_KEPT, None)
        said = str(st.session_state.pop("sb-import-said", ""))
        sheet("import-none", notes((said,) if said else ()), *_own(own), *_how(), told=partial(_forget, desk, viewer))
        return
    data = given.getvalue()
    work = _work(hashlib.sha256(data).hexdigest(), plain_name(given.name))
    try:
        found = _found(desk, viewer, data, work, own)
    except SeenBeforeError as error:
        again = button("Start over", "over") if work.said != Said() or work.preset or work.encoding else None
        sheet(
            "import",
            div("block", notes((_named(error, work.name),)), again),
            told=partial(_heard, desk, viewer, work, None),
        )
        return
    if work.wanted:
        _take_in(desk, viewer, found, work)
        st.rerun()
    if work.done is not None:
        _report(work.done)
        return
    sheet("import", *_asking(found, work, own), told=partial(_heard, desk, viewer, work, found))


def plain_name(name: str) -> str:
    """A file's name as it may be shown and kept: no folders, nothing hidden, at most 80 characters."""
    last = without_hidden(name.replace("\\", "/").rpartition("/")[2])
    return " ".join(last.split()).strip(". ")[:80] or "upload"


def _work(key: str, name: str) -> Work:
    kept = st.session_state.get(_KEPT)
    if kept is None or kept.key != key:
        kept = st.session_state[_KEPT] = Work(key, name)
    return kept


def _found(desk: Desk, viewer: Viewer, data: bytes, work: Work, own: tuple[Preset, ...]) -> Understanding:
    """What was understood, by what was said; a word that cannot be is taken back and told."""
    asked = Asked(preset=work.preset, saved=own, name=work.name, encoding=work.encoding)
    first = remembered(desk, viewer, ("import", work.key, work.preset, work.encoding, repr(own)),
                       lambda: desk.understood(data, asked, viewer=viewer))  # fmt: skip
    if work.said == Said():
        return first
    try:
        preset = preset_from(first, work.said)
    except BadSetting as error:
        work.wrong, work.wanted, work.said = str(error), False, work.before
        return first if work.said == Said() else _found(desk, viewer, data, work, own)
    made = replace(asked_with(preset, name=work.name), encoding=work.encoding)
    return remembered(desk, viewer, ("import", work.key, work.encoding, repr(preset)),
                      lambda: desk.understood(data, made, viewer=viewer))  # fmt: skip


# --- before an upload ---------------------------------------------------------------------------------------------


def _own(own: Sequence[Preset]) -> list[Node]:
    if not own:
        return []
    rows = [
        el("tr", "", el("td", "mono", one.name), el("td", "", one.kind), el("td", "", one.source),
           el("td", "", count(len(one.columns), "column")), el("td", "right", button("Forget", "forget", "bare little",
                                                                                     preset=one.name)))
        for one in own
    ]  # fmt: skip
    heads = [el("th", "", name) for name in ("Preset", "Reads", "Source", "Names", "")]
    table = el("table", "table", el("thead", "", el("tr", "", *heads)), el("tbody", "", *rows))
    return [el("section", "gap-s", el("h2", "kicker", "Presets of this desk"), div("card scroll", table))]


def _how() -> list[Node]:
    rows = [
        el("tr", "", el("td", "i-tool", one.title), el("td", "", one.note))
        for one in presets() if one.note
    ]  # fmt: skip
    table = el("table", "table", el("tbody", "", *rows))
    any_ = "Any other tool: a list with a number, a title, a description and what fixed it. Columns are guessed; you "
    other = el("p", "small soft block-s", any_ + "have the last word.")
    return [el("section", "gap", el("h2", "kicker", "What to export"), div("card scroll", table), other)]


def _forget(desk: Desk, viewer: Viewer, sent: Told) -> None:
    if sent.get("name") == "forget":
        name = sent.get("preset", "")
        desk.forget_preset(name, viewer=viewer)
        st.session_state["sb-import-said"] = f"The preset {name} is forgotten; what came in with it stays."


# --- the wizard ---------------------------------------------------------------------------------------------------


def _asking(found: Understanding, work: Work, own: Sequence[Preset]) -> list[Node]:
    wrong, told = work.wrong, work.told
    work.wrong = work.told = ""
    warned = tuple(_here(warning) for warning in found.warnings)
    return [
        div("block", notes((wrong,) if wrong else ())),
        importtable.summary(found, work.name, work.preset, [one.name for one in own], work.encoding),
        importtable.questions(found),
        div("block-s", notes(warned)) if warned else None,
        importtable.columns(found),
        importtable.states(found),
        importtable.lines(found),
        importtable.preview(found),
        _ending(found, told),
    ]


def _here(sentence: str) -> str:
    """A sentence of the import as it reads on this page, where options stand above and not behind a command."""
    return _OPTION.sub("", sentence).replace(", or give --encoding", ", or choose another encoding above")


def _ending(found: Understanding, told: str) -> Node:
    left = [question for question in found.questions if question.about != "line"]
    open_ = el("p", "small soft block-s", "What is not answered stays empty in every ticket; the tool's own value is "
               "kept beside it.") if left else None  # fmt: skip
    keep = form("keep", entry("preset", "Keep these answers as a preset", "", hint="my-desk", most=40),
                submit("Keep", ""), look="row i-end")  # fmt: skip
    return el("section", "gap", el("h2", "", "Take it in"), open_,
              div("row block-s i-end", button(f"Import these {found.kind}", "import", "strong"), keep),
              div("block-s", notes((told,))) if told else None)  # fmt: skip


def _heard(desk: Desk, viewer: Viewer, work: Work, found: Understanding | None, sent: Told) -> None:
    name = sent.get("name")
    if name == "over":
        work.said, work.before, work.preset, work.encoding = Said(), Said(), "", ""
    elif name == "preset":
        work.said, work.before, work.preset = Said(), Said(), sent.get("with", "")
    elif name == "encoding":
        work.encoding = sent.get("as", "")
    elif name == "import":
        work.wanted = True
    elif found is None:
        return
    elif name == "said":
        work.before, work.said = work.said, importtable.heard(found, work.said, sent)
    elif name == "keep":
        _keep(desk, viewer, work, found, sent.get("preset", ""))


def _keep(desk: Desk, viewer: Viewer, work: Work, found: Understanding, name: str) -> None:
    try:
        preset = renamed(preset_from(found, replace(Said(), source=work.said.source)), name)
        desk.keep_preset(preset, viewer=viewer)
    except SeenBeforeError as error:
        work.wrong = str(error)
        return
    work.told = f"Kept. The same export goes in with `seenbefore ingest FILE --preset {preset.name}`, or by itself."


def _take_in(desk: Desk, viewer: Viewer, found: Understanding, work: Work) -> None:
    work.wanted = False
    going = el("section", "gap-s", el("h2", "", f"{work.name} goes in"), el("p", "soft block-s", _STAY))
    sheet("import", going)  # instead of the questions: the bar is in sight wherever the page was scrolled to
    bar = st.progress(0.0, "Importing")

    def say(_: str, done: int, of: int) -> None:
        bar.progress(min(1.0, 0.02 + done / (done + 2_000)), f"{done:,} rows taken in")

    try:
        work.done = desk.take_in(found, viewer=viewer, say=say)
    except SeenBeforeError as error:
        work.wrong = str(error)


def _report(done: Imported) -> None:
    figures = [(done.added, "new"), (done.updated, "changed"), (done.unchanged, "the same"), (done.rejected, "refused")]
    tiles = div(
        "figures block-s",
        *(div("figure", el("strong", "", f"{value:,}"), el("span", "", name)) for value, name in figures),
    )
    first = [el("li", "", sentence) for sentence in done.first_refused]
    refused = (
        el("section", "gap-s", el("h2", "kicker", "First of the refused"), el("ul", "small", *first)) if first else None
    )
    commands = with_commands("`seenbefore index`, then `seenbefore train` and `seenbefore patterns`.")
    follow = el("p", "soft block-s", "Search finds them at once. To learn from them: ", *commands)
    sheet("import-done", el("section", "gap-s i-done", el("h2", "", f"{done.file} is in."), tiles, follow, refused))
    if done.report and Path(done.report).is_file():
        st.download_button("Download refused rows and remarks", Path(done.report).read_bytes(), Path(done.report).name,
                           "text/csv", on_click="ignore")  # fmt: skip
