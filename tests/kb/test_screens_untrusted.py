"""No variable reaches an argument of Streamlit that it would read as Markdown or HTML: the screens' source, looked at."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.delta_generator import DeltaGenerator

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "kb" / "screens").rglob("*.py"), ROOT / "app.py"])
HARMLESS = {
    # of `st`: draws nothing, or nothing that came from outside
    "container", "columns", "session_state", "query_params", "navigation", "switch_page", "set_page_config", "Page",
    "cache_resource", "fragment", "rerun", "stop", "empty", "components", "user", "context", "login", "logout",
}  # fmt: skip
LABELS = {"file_uploader": 0, "download_button": 0, "progress": 1, "text_input": 0}
"""Drawing calls we make, and the place of the one argument that Streamlit reads as Markdown."""
DRAWS = {f"st.{name}" for name in ("columns", "container", "empty", "progress", "tabs", "expander", "popover", "form")}
"""Calls that give a place to draw in."""
COMMANDS = {name for name in dir(DeltaGenerator) if not name.startswith("_")}
OF_OTHERS = {"title", "json", "code", "table", "write", "text", "html", "help", "id", "map", "info", "error", "warning",
             "exception", "header", "empty", "form", "status", "progress", "columns", "container", "pills", "date_input"}  # fmt: skip
"""Also names of methods and functions that are not Streamlit's: told apart by what they are called on."""


def breaches(source: str) -> list[str]:
    """Every call that draws what may be read as Markdown, in one file's source."""
    tree = ast.parse(source)
    places = {"st"} | _places(tree)
    constant = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id.isupper()}
    constant |= _looped(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "unsafe_allow_html":
            found.append(f"{node.value.lineno}: unsafe_allow_html")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and node.args:
            found += [f"{node.lineno}: getattr of a place"] if ast.unparse(node.args[0]) in places else []
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, on = node.func.attr, ast.unparse(node.func.value)
        drawn = on in places or (name in COMMANDS and name not in OF_OTHERS)
        if not drawn or (on in places and name in HARMLESS) or on.startswith("st.session_state"):
            continue
        if name not in LABELS:
            found.append(f"{node.lineno}: {on}.{name} may draw Markdown: draw it with kb/screens/paper.py")
            continue
        given = {word.arg: word.value for word in node.keywords}
        label = given.get(
            "label", given.get("text", node.args[LABELS[name]] if len(node.args) > LABELS[name] else None)
        )
        if label is not None and not _steady(label, constant):
            found.append(f"{node.lineno}: {on}.{name} is labelled with {ast.unparse(label)}")
        if "help" in given and not _steady(given["help"], constant):
            found.append(f"{node.lineno}: {on}.{name} has a variable help")
    return found


def _places(tree: ast.AST) -> set[str]:
    """Names that hold a place to draw in."""
    found: set[str] = set()
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign) and isinstance(value, ast.Call) and ast.unparse(value.func) in DRAWS:
            found |= {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
        if isinstance(node, ast.For) and "st.columns" in ast.unparse(node.iter):
            first = node.target.elts[0] if isinstance(node.target, ast.Tuple) else node.target
            found |= {one.id for one in ast.walk(first) if isinstance(one, ast.Name)}
    return found


def _looped(tree: ast.AST) -> set[str]:
    """Names a loop takes from a constant of the file: `for place, (form, words) in zip(st.columns(..), _FILES)`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) == "zip":
            steady = [isinstance(one, ast.Name) and one.id.isupper() for one in node.iter.args]
            if isinstance(node.target, ast.Tuple):
                for part, sure in zip(node.target.elts, steady, strict=False):
                    found |= {one.id for one in ast.walk(part) if isinstance(one, ast.Name)} if sure else set()
    return found


def _steady(node: ast.expr, constant: set[str]) -> bool:
    """Whether it is made of our own words and of numbers only."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        return node.id in constant
    if isinstance(node, ast.JoinedStr):
        return all(_steady(part, constant) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        spec = ast.unparse(node.format_spec) if node.format_spec is not None else ""
        counted = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "count"
        return counted or "," in spec or "d" in spec.strip("f'") or _steady(node.value, constant)
    if isinstance(node, ast.BinOp):
        return _steady(node.left, constant) and _steady(node.right, constant)
    return False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_variable_reaches_markdown(file: Path) -> None:
    assert breaches(file.read_text("utf-8")) == []


@pytest.mark.parametrize("planted", [
    "st.markdown(ticket.title)", "st.write(x)", "st.caption(f'{ticket.title}')", "st.button(ticket.title)", "st.html(x)",
    "st.text_input(name)", "st.file_uploader(f'for {name}')", "left, right = st.columns(2)\nleft.metric(x, y)",
    "left, right = st.columns(2)\nright.download_button(name, data)", "st.container().markdown(x)", "st.error(str(error))",
    "bar = st.progress(0.0, 'x')\nbar.progress(0.5, f'{name} of them')", "st.image(url)", "st.toast(text)", "st.table(rows)",
    "st.selectbox('x', [], help=text)", "place.markdown(x)", "st.text('x', unsafe_allow_html=True)",
    "getattr(st, 'markdown')(x)", "st.download_button('x', data, help=text)", "st.dialog(name)(f)", "st.sidebar.markdown(x)",
])  # fmt: skip
def test_a_planted_breach_is_found(planted: str) -> None:
    assert breaches(planted)


@pytest.mark.parametrize("fine", [
    "st.file_uploader(f'up to {MOST:,} rows')", "bar = st.progress(0.0, 'Reading')\nbar.progress(1, f'{done:,} of {count(of, \"row\")}')",
    "text.title()", "with st.container():\n    pass", "st.session_state['x'] = y", "file.write(text)",
])  # fmt: skip
def test_what_is_ours_alone_is_let_through(fine: str) -> None:
    assert breaches(fine) == []
