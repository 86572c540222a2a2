"""A worked example: read a new ticket from ServiceNow, Jira or Zammad, ask the desk, and write a private note back.

Only Python's own library is needed. Nothing but a note is written, unless the desk itself says in ``autofill`` that a
field may be set, and FIELDS says what your tool calls it.

    export SEENBEFORE_URL=http://127.0.0.1:8501 SEENBEFORE_KEY=sb_...     (seenbefore key add NAME --scope triage)
    export TOOL_URL=https://example.service-now.com TOOL_AUTH="Basic ..."
    export FIELDS="category=category,assignment_group=assignment_group"   (optional: ours=theirs)
    python notebooks/write_back.py servicenow INC0012345
    python notebooks/write_back.py jira IT-17
    python notebooks/write_back.py zammad 42
"""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
import urllib.request
from typing import Any


def call(url: str, auth: str, sent: Any = None, method: str = "") -> Any:
    """One request with JSON both ways."""
    body = None if sent is None else json.dumps(sent).encode()
    headers = {"Authorization": auth, "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers, method=method or ("GET" if body is None else "POST"))
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class ServiceNow:
    """The Table API; ``work_notes`` are not shown to the caller."""

    def __init__(self, url: str, auth: str) -> None:
        self.url, self.auth = f"{url}/api/now/table/incident", auth

    def read(self, name: str) -> dict[str, Any]:
        query = urllib.parse.urlencode({"sysparm_query": f"number={name}", "sysparm_limit": 1})
        self.row = call(f"{self.url}?{query}", self.auth)["result"][0]
        return {"title": self.row["short_description"], "body": self.row.get("description") or ""}

    def note(self, text: str) -> None:
        call(f"{self.url}/{self.row['sys_id']}", self.auth, {"work_notes": text}, "PATCH")

    def fill(self, fields: dict[str, str]) -> None:
        call(f"{self.url}/{self.row['sys_id']}", self.auth, fields, "PATCH")


class Jira:
    """Jira Service Management; a comment that is not public is an internal note."""

    def __init__(self, url: str, auth: str) -> None:
        self.url, self.auth = url, auth

    def read(self, name: str) -> dict[str, Any]:
        self.name = urllib.parse.quote(name)
        fields = call(f"{self.url}/rest/api/2/issue/{self.name}?fields=summary,description", self.auth)["fields"]
        return {"title": fields["summary"], "body": fields.get("description") or ""}

    def note(self, text: str) -> None:
        address = f"{self.url}/rest/servicedeskapi/request/{self.name}/comment"
        call(address, self.auth, {"body": text, "public": False})

    def fill(self, fields: dict[str, str]) -> None:
        call(f"{self.url}/rest/api/2/issue/{self.name}", self.auth, {"fields": fields}, "PUT")


class Zammad:
    """Zammad's REST API; an article with ``internal`` is not shown to the customer."""

    def __init__(self, url: str, auth: str) -> None:
        self.url, self.auth = f"{url}/api/v1", auth

    def read(self, name: str) -> dict[str, Any]:
        self.id = int(name)
        ticket = call(f"{self.url}/tickets/{self.id}", self.auth)
        articles = call(f"{self.url}/ticket_articles/by_ticket/{self.id}", self.auth)
        return {"title": ticket["title"], "body": articles[0]["body"] if articles else ""}

    def note(self, text: str) -> None:
        call(f"{self.url}/ticket_articles", self.auth, {
            "ticket_id": self.id, "body": text, "content_type": "text/plain", "type": "note", "internal": True})

    def fill(self, fields: dict[str, str]) -> None:
        call(f"{self.url}/tickets/{self.id}", self.auth, fields, "PUT")


TOOLS = {"servicenow": ServiceNow, "jira": Jira, "zammad": Zammad}


def main(tool: str, name: str) -> None:
    """Note first; fields only where the desk says so and FIELDS names them."""
    place = TOOLS[tool](os.environ["TOOL_URL"].rstrip("/"), os.environ["TOOL_AUTH"])
    desk, key = os.environ["SEENBEFORE_URL"].rstrip("/"), os.environ["SEENBEFORE_KEY"]
    told = call(f"{desk}/api/v1/triage", f"Bearer {key}", place.read(name))
    place.note(told["note"])
    theirs = dict(pair.split("=", 1) for pair in os.environ.get("FIELDS", "").split(",") if "=" in pair)
    fields = {theirs[target]: value for target, value in told["autofill"].items() if target in theirs}
    if fields:
        place.fill(fields)
    print(f"{name}: noted" + (f", set {', '.join(fields)}" if fields else ""))


if __name__ == "__main__":
    main(*sys.argv[1:3])
