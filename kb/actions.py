"""Words that say what a technician does or did, in English and German, and whether a sentence is such a step."""

from __future__ import annotations


def vocabulary(words: str) -> frozenset[str]:
    """The words of a line as a set."""
    return frozenset(words.split())


_VERBS = vocabulary(
    "clear delete remove restart reboot reinstall install uninstall update upgrade downgrade replace swap exchange"
    " reconnect connect disconnect enable disable activate deactivate unlock re-add add create recreate rebuild repair"
    " restore recover rename move copy change configure reconfigure adjust correct apply deploy map remap mount"
    " unmount re-register register enrol enroll re-enroll re-enrol reassign assign grant revoke approve issue import"
    " export increase extend expand reduce free clean purge flush renew release sync resync synchronise synchronize"
    " execute start stop kill terminate close open log sign switch turn plug unplug reseat pair unpair whitelist allow"
    " exclude block unblock check verify select choose click press use enter type tick untick uncheck wait ensure"
    " order ship deliver migrate convert merge split cancel reprocess resubmit resend reload refresh relink link"
    " detach attach rejoin join patch calibrate recalibrate align format reimage re-image image wipe scan quarantine"
    " isolate archive compact edit modify tighten unjam empty shorten extract upload download pin unpin reprint repeat"
    " hand resize raise lower point repoint redirect reroute route exempt publish republish request transfer relocate"
    " cycle power reapply re-enable rollback fetch regenerate generate reactivate loan mark relaunch launch provision"
    " reprovision rescan trust explain reset set shut"
)
_DOUBLED = vocabulary("swap map remap unplug plug log stop pin unpin ship cancel format")
_PAST = vocabulary(
    "reset set cut reran rerun ran put took taken gave given sent rebuilt shut swept undone undid bought brought lent"
    " rolled canceled formatted zurückgesetzt gelöscht geleert gestartet neugestartet installiert deinstalliert"
    " neuinstalliert aktualisiert entsperrt freigeschaltet eingerichtet angelegt ausgetauscht getauscht ersetzt"
    " entfernt hinzugefügt aktiviert deaktiviert geändert angepasst korrigiert repariert wiederhergestellt getrennt"
    " umgestellt eingestellt konfiguriert zugewiesen vergeben erteilt entzogen freigegeben gesetzt erhöht erweitert"
    " reduziert bereinigt gereinigt beendet abgemeldet angemeldet eingespielt ausgeführt kopiert verschoben umbenannt"
    " erneuert registriert synchronisiert gemappt zugeordnet umgezogen migriert angeschlossen eingesteckt ausgesteckt"
    " ausgeschaltet eingeschaltet umgeschaltet ergänzt eingetragen ausgetragen umgeleitet geliefert bestellt"
    " ausgegeben nachgezogen gekoppelt gepatcht gesäubert zurückgerollt gesteckt nachgefüllt kalibriert verbunden"
)
_ALSO_OF_THINGS = vocabulary("stopped started blocked closed opened logged used typed issued requested marked took ran")
"""Not what a technician did unless the sentence opens with it: "the service stopped"."""
_OPENINGS = vocabulary(
    "run put take give send go make keep try see rerun undo roll zurücksetzen löschen leeren starten neustarten"
    " installieren deinstallieren aktualisieren entsperren freischalten einrichten anlegen austauschen tauschen"
    " ersetzen entfernen hinzufügen aktivieren deaktivieren ändern anpassen korrigieren reparieren wiederherstellen"
    " verbinden trennen umstellen einstellen konfigurieren zuweisen erteilen freigeben setzen erhöhen erweitern"
    " reduzieren bereinigen reinigen beenden abmelden anmelden einspielen ausführen kopieren verschieben umbenennen"
    " erneuern registrieren synchronisieren zuordnen migrieren anschließen einstecken ausschalten einschalten"
    " umschalten prüfen überprüfen öffnen klicken wählen auswählen eingeben warten sicherstellen abwarten testen"
    " kontrollieren eintragen koppeln stellen melden gehen schließen"
)
_NOUNS = vocabulary(
    "update reset change check open release patch scan sync import export restart copy log order press use set start"
    " stop block move issue type link map join clean free install image request power cycle empty hand point route"
    " mark wait trust split close exchange upgrade format loan switch sign cancel repair archive transfer pair swap"
    " see run lower"
)
"""Openings that may just as well name a thing: "Update failed"."""


def _past(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ied"
    return verb + (verb[-1] if verb in _DOUBLED else "") + "ed"


ACTIONS = frozenset(map(_past, _VERBS)) | _PAST
"""Forms that say it was done: "cleared", "reset", "zurückgesetzt"."""
FIRST = _VERBS | _OPENINGS
"""Forms that open an instruction: "Clear", "Öffnen"."""
_POLITE = vocabulary(
    "please then now also and to just next finally first afterwards after that i we have has had i've we've user again"
    " bitte dann danach nun zuerst anschließend ich wir habe haben wurde wurden nochmals noch einmal und mal"
)
_AFTER_NOUN = vocabulary(
    "failed fails is was does did didn't doesn't has had could will would came are were link mail request problem"
    " issue error message denied not which where when how of"
)
_WISHES = vocabulary("ich wir er sie es user anwender möchte wollte will würde lassen")
"""With these, German words that end a sentence are a wish: "ich möchte den PC neu starten"."""
_HAPPENED = vocabulary("was were had is are got")
_SYMPTOM = vocabulary(
    "since still cannot can't couldn't doesn't didn't does did unable fail fails failed failing never should be not"
    " seit immer kann konnte nicht soll sollte muss"
)


def is_step(words: list[str], held: frozenset[str], listed: bool) -> bool:
    """Whether it says what was or is to be done.

    ``words`` are those of a sentence in lower case and in order, ``held`` the same as a set; ``listed`` where it
    opens a numbered or bulleted line.
    """
    at = next((at for at, word in enumerate(words[:6]) if word not in _POLITE), len(words) - 1)
    word, after = words[at], words[at + 1] if at + 1 < len(words) else ""
    thing = word in _NOUNS and (after in _AFTER_NOUN or not (after or word in ACTIONS))
    if (word in ACTIONS or word in FIRST) and not thing:
        return True
    if not held.isdisjoint(_SYMPTOM):
        return False
    if words[-1] in _OPENINGS and words[-1].endswith("n") and held.isdisjoint(_WISHES):
        return True
    if listed and not FIRST.isdisjoint(words[:6]):
        return True
    if held.isdisjoint(ACTIONS):
        return False
    return any(
        word in ACTIONS and word not in _ALSO_OF_THINGS and _HAPPENED.isdisjoint(words[max(0, at - 2) : at])
        for at, word in enumerate(words)
    )
