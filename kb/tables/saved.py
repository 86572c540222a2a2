"""Presets that people on a desk made: how a preset is written down, and the list of them kept among the settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kb.errors import BadSetting
from kb.tables.mapping import Preset, preset_of, presets

if TYPE_CHECKING:
    from kb.store import Store

SETTING = "import presets"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def to_dict(preset: Preset) -> dict[str, Any]:
    """A preset as the TOML of a map file would hold it; :func:`kb.tables.mapping.preset_of` reads it back."""
    levels: dict[str, Any] = {**preset.scales, "words": {key: dict(value) for key, value in preset.words.items()}}
    if preset.one is not None:
        levels["one"] = preset.one
    if preset.ones:
        levels["ones"] = dict(preset.ones)
    return {
        "name": preset.name, "title": preset.title, "kind": preset.kind, "source": preset.source,
        "required": list(preset.required), "columns": {key: list(names) for key, names in preset.columns.items()},
        "telling": sorted(preset.telling), "least": preset.least, "missing": sorted(preset.missing),
        "joined": sorted(preset.joined), "levels": levels, "states": dict(preset.states), "lines": dict(preset.lines),
        "first_line": list(preset.first_line), "dates": preset.dates, "timezone": preset.timezone,
        "guess": preset.guess,
    }  # fmt: skip


def read(settings: Mapping[str, str]) -> tuple[Preset, ...]:
    """The presets kept among a desk's settings, by name. Raises :class:`BadSetting` where they cannot be read."""
    return tuple(preset_of(given, f"the preset {name}") for name, given in sorted(_all(settings.get(SETTING)).items()))


def keep(store: Store, preset: Preset, *, by: str) -> None:
    """Keep a preset under its name, in place of one of the same name.

    Raises :class:`BadSetting` for a name that is none or is one of ours.
    """
    if not _NAME.fullmatch(preset.name):
        raise BadSetting("A preset's name has lower-case letters, digits and hyphens, at most 40: my-desk.")
    if any(one.name == preset.name for one in presets()):
        raise BadSetting(f"{preset.name} is the name of a preset that comes with the program: choose another.")
    _change(store, {preset.name: to_dict(preset)}, by=by)


def forget(store: Store, name: str, *, by: str) -> None:
    """Take a preset away; records that came in with it stay as they are."""
    _change(store, {name: None}, by=by)


def _change(store: Store, new: Mapping[str, dict[str, Any] | None], *, by: str) -> None:
    def changed(text: str | None) -> str:
        kept = {**_all(text), **new}
        made = {name: given for name, given in kept.items() if given is not None}
        return json.dumps(made, ensure_ascii=False, sort_keys=True)

    store.change(SETTING, changed, by=by)


def _all(text: str | None) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(text) if text else {}
        return {str(name): dict(given) for name, given in found.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadSetting(
            f"The saved setting `{SETTING}` cannot be read: bring the store back from a backup, or take this "
            "row out of its table `settings`."
        ) from error
