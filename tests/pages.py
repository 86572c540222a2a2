"""Run one page as Streamlit does and look at the nodes it sends to the browser: shared by the tests of the screens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from streamlit.testing.v1 import AppTest


def ran(script: Callable[..., None], *args: object, where: Mapping[str, str]) -> AppTest:
    """Run a page with this query string; anything it raises fails the test."""
    test = AppTest.from_function(script, args=args, default_timeout=60)
    for name, value in where.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def sheets(test: AppTest) -> list[Any]:
    """The trees of nodes that went to the browser, the top bar left out."""
    drawn = [part for part in test.main if part.type == "bidi_component" and part.key != "sb-top"]
    return [json.loads(part.proto.json)["nodes"] for part in drawn]


def each(node: Any) -> Iterator[Any]:
    """Every node below this one, itself included."""
    yield node
    if isinstance(node, dict):
        yield from each(node.get("head"))
    for part in node if isinstance(node, list | tuple) else node.get("k", ()) if isinstance(node, dict) else ():
        yield from each(part)


def nodes(test: AppTest) -> list[Any]:
    """Every node that went to the browser."""
    return [node for tree in sheets(test) for node in each(tree)]


def words(test: AppTest, between: str = "") -> str:
    """Everything a reader can read, as one text."""
    return between.join(node for node in nodes(test) if isinstance(node, str))


def kinds(test: AppTest, x: str) -> list[dict[str, Any]]:
    """The special nodes of one kind."""
    return [node for node in nodes(test) if isinstance(node, dict) and node.get("x") == x]
