"""The log can be read by programs, and says nothing that stood in a ticket."""

from __future__ import annotations

import io
import json
import logging


def test_every_line_is_an_object_of_its_own(written: io.StringIO) -> None:
    logging.getLogger("seenbefore.request").info("answered", extra={"told": {"route": "/search", "ms": 1.5}})
    logging.getLogger("seenbefore.worker").warning("two\nlines of %s", "text")
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["part"], first["said"], first["route"], first["ms"]) == ("request", "answered", "/search", 1.5)
    assert (second["level"], second["said"]) == ("warning", "two\nlines of text")


def test_an_error_is_named_and_not_quoted(written: io.StringIO) -> None:
    try:
        raise ValueError("the password is Summer2026!")
    except ValueError:
        logging.getLogger("seenbefore.app").exception("A page failed")
    assert json.loads(written.getvalue())["error"] == "ValueError"
    assert "Summer" not in written.getvalue()


def test_libraries_are_left_alone(written: io.StringIO) -> None:
    logging.getLogger("uvicorn").error("noise")
    assert written.getvalue() == ""
