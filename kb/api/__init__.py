"""The face for programs: search, triage and records over HTTP, for whoever holds a key and no one else."""

from __future__ import annotations

from kb.api.app import PREFIX, Api, make
from kb.api.limits import Limits

__all__ = ["PREFIX", "Api", "Limits", "make"]
