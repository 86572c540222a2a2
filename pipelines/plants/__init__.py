"""Secrets and personal data planted into made-up tickets: what the redactor is measured with."""
