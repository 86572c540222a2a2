"""The addresses of the API as its specification names them: which one a path is, and what it takes there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


class Addresses:
    """Templates such as ``/api/v1/tickets/{number}`` with their methods."""

    def __init__(self, paths: Mapping[str, Mapping[str, Any]]) -> None:
        self._known = [
            (re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(template)), re.DOTALL), template,
             frozenset(method.upper() for method in METHODS if method in operations))
            for template, operations in sorted(paths.items(), key=lambda pair: "{" in pair[0])
        ]  # fmt: skip

    def methods(self, path: str) -> list[str]:
        """What this path takes, in the order of the alphabet; empty where there is nothing."""
        return sorted({method for form, _, methods in self._known if form.fullmatch(path) for method in methods})

    def template(self, path: str, method: str) -> str:
        """The address that this request is for; "none" where there is nothing."""
        fitting = [(method not in methods, template) for form, template, methods in self._known if form.fullmatch(path)]
        return min(fitting, key=lambda one: one[0])[1] if fitting else "none"
