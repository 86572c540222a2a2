"""Secrets and personal data planted into made-up tickets, to measure what the redactor finds; kept apart from its rules."""
