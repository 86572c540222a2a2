"""The desk's way in: an uploaded export understood, a preset of the desk's own kept, records taken in."""

from __future__ import annotations

from kb.desk.front import Front, Say
from kb.errors import BadSetting
from kb.records import Viewer
from kb.tables import Asked, Preset, Understanding, saved, understand
from kb.tables.imported import Imported


class Importer(Front):
    """Imports by people who sit before a screen."""

    def presets(self, *, viewer: Viewer) -> tuple[Preset, ...]:
        """Presets that people on this desk made."""
        return saved.read(self.store.settings())

    def understood(self, data: bytes, asked: Asked, *, viewer: Viewer) -> Understanding:
        """What an uploaded export is; nothing is written. Raises ``NotATable`` in one sentence, ``BadSetting``."""
        return understand(data, asked)

    def take_in(self, found: Understanding, *, viewer: Viewer, say: Say) -> Imported:
        """Import what was understood. Raises ``BadSetting`` where nothing can be imported from here."""
        if self.import_with is None:
            raise BadSetting("Nothing can be imported from here: run `seenbefore ingest FILE`.")
        self.store.note("imported", by=viewer.name, detail={"what": "asked for on the page Import", "kind": found.kind})
        return self.import_with(found, say)

    def keep_preset(self, preset: Preset, *, viewer: Viewer) -> None:
        """Keep a preset for everybody on this desk. Raises ``BadSetting`` for a name that cannot be one."""
        saved.keep(self.store, preset, by=viewer.name)

    def forget_preset(self, name: str, *, viewer: Viewer) -> None:
        """Take one of the desk's own presets away."""
        saved.forget(self.store, name, by=viewer.name)
