"""Secrets and personal data, replaced by stable placeholders before anything is stored or embedded."""

from __future__ import annotations

from kb.privacy.kinds import KINDS, SECRETS, Rules
from kb.privacy.redactor import Redacted, redact, redact_record
from kb.privacy.spans import PLACEHOLDER, Span

__all__ = ["KINDS", "PLACEHOLDER", "SECRETS", "Redacted", "Rules", "Span", "redact", "redact_record"]
