"""Who may do what: roles, acts, and the one table that says which role may do which act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TECHNICIAN = "technician"
TRIAGE = "triage"
MANAGER = "problem manager"
LEAD = "desk lead"
ADMIN = "admin"
AUDITOR = "auditor"
ROLES: tuple[str, ...] = (TECHNICIAN, TRIAGE, MANAGER, LEAD, ADMIN, AUDITOR)
"""The roles a person can be given. None is "no role yet": such a person may do nothing, not even read."""
LOCAL = "local"
"""The person at this machine: command line, single-user mode, the program itself. Never given to anybody by sign-in."""

_WORK = (TECHNICIAN, TRIAGE, MANAGER, LEAD)
PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "read": ROLES,
    "mark": _WORK,
    "correct": (TECHNICIAN, TRIAGE, LEAD),
    "draft": _WORK,
    "articles": (MANAGER, LEAD),
    "problems": (MANAGER, LEAD),
    "patterns": (MANAGER, LEAD),
    "report": (TRIAGE, MANAGER, LEAD, ADMIN, AUDITOR),
    "export": (MANAGER, LEAD, ADMIN, AUDITOR),
    "rules": (LEAD, ADMIN),
    "settings": (LEAD, ADMIN),
    "models": (LEAD, ADMIN),
    "import": (LEAD, ADMIN),
    "delete": (ADMIN,),
    "access": (ADMIN,),
    "view as": (ADMIN,),
    "audit": (ADMIN, AUDITOR),
    "privacy": (ADMIN,),
    "originals": (LEAD, ADMIN),
    "integrations": (ADMIN,),
    "link": (),
    "send tickets": (),
    "send articles": (),
    "speak": (),
    "unlisted": (),
}
"""Act → the roles that may do it; none where only programs do. What records are read is not decided here but by groups:
see ``kb/access.py``."""
ACTS: Mapping[str, str] = {
    "read": "read the desk",
    "mark": "say what helped",
    "correct": "answer suggestions",
    "draft": "write articles",
    "articles": "set the state and the owner of articles",
    "problems": "work on problems",
    "patterns": "rename, merge, split or dismiss patterns",
    "report": "make report files",
    "export": "export records",
    "rules": "change the rules of triage",
    "settings": "change the settings of the desk",
    "models": "bring earlier models back",
    "import": "import records",
    "delete": "delete records and persons",
    "access": "manage users, groups and who may see what",
    "view as": "look at the desk as somebody else",
    "audit": "read the audit log",
    "privacy": "set what is redacted",
    "originals": "see what was redacted",
    "integrations": "manage keys and webhooks",
    "link": "link tickets to what answered them",
    "send tickets": "send tickets in",
    "send articles": "send articles in",
    "speak": "say something in somebody else's name",
    "unlisted": "do what no role was given yet",
}
"""Act → what it is, so that it completes "… may"."""
WRITING = frozenset(ACTS) - {"read", "report", "audit"}
"""Acts that change something, show what was sealed, or take something away in bulk: refused while looking at the
desk as somebody else."""


_SCOPES: Mapping[str, tuple[str, ...]] = {
    "search": ("read",),
    "triage": ("read",),
    "tickets:read": ("read",),
    "tickets:write": ("send tickets",),
    "knowledge": ("read", "send articles", "link"),
    "feedback": ("read", "mark", "correct", "speak"),
    "patterns": ("read",),
    "problems": ("read", "problems"),
    "measures": ("read",),
    "metrics": ("read",),
}
SCOPES: Mapping[str, tuple[str, ...]] = {
    **_SCOPES,
    "admin": tuple(dict.fromkeys(act for acts in _SCOPES.values() for act in acts)),
}
"""What a key may be for → the acts it may do, whatever route it comes by; "admin" is all of these and nothing else."""
_KEY = "key:"
_BY_SCOPE: Mapping[str, tuple[str, ...]] = {f"{_KEY}{scope}": acts for scope, acts in SCOPES.items()}


def of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The roles of a program whose key is for this; no person can be given them."""
    return frozenset(f"{_KEY}{scope}" for scope in scopes)


def of_program(roles: frozenset[str]) -> bool:
    """Whether these are a program's."""
    return any(role.startswith(_KEY) for role in roles)


def permitted(roles: frozenset[str], act: str) -> bool:
    """Whether one of these roles may do this act; an unknown act is nobody's but of the person at this machine."""
    if LOCAL in roles or not roles.isdisjoint(PERMISSIONS.get(act, ())):
        return True
    return any(act in _BY_SCOPE.get(role, ()) for role in roles)


def who_may(act: str) -> str:
    """The roles that may, in words: "a problem manager or a desk lead"."""
    named = [_worded(role) for role in PERMISSIONS.get(act, ())]
    if not named:
        return "the person at the machine"
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _worded(role: str) -> str:
    if role == TRIAGE:
        return "somebody in triage"
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
