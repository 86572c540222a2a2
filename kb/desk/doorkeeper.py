"""The administrator's side of the desk: persons, their roles and groups, sessions, and who may see what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kb import passwords, roster, signins
from kb.access import NOBODY, InForce, Rule
from kb.audiences import Preview, Say, quiet
from kb.desk.front import Front
from kb.errors import BadSetting
from kb.records import Viewer
from kb.roles import ADMIN
from kb.roster import Person
from kb.rows import unpack_audience
from kb.signins import Session

_NO_ADMIN = "Nobody would be left who may manage access: make somebody else an admin first."


class Doorkeeper(Front):
    """Who may sign in, and what each may see and do."""

    # --- persons -----------------------------------------------------------------------------------------------

    def people(self, *, viewer: Viewer) -> list[Person]:
        """Everybody who may sign in or was kept from it, by name."""
        return self.store.people()

    def add_person(
        self, name: str, *, viewer: Viewer, roles: Sequence[str] = (), groups: Sequence[str] = (),
        now: datetime | None = None,
    ) -> tuple[Person, str]:  # fmt: skip
        """A local account and its first password, which is told this once. Raises ``BadSetting``."""
        first = passwords.made_up()
        made = self.store.add_person(name, first, roles=roles, groups=groups, by=viewer.name, now=now or _now())
        return made, first

    def set_person(
        self, person: int, *, viewer: Viewer, roles: Sequence[str] | None = None, groups: Sequence[str] | None = None,
        disabled: bool | None = None, new_password: bool = False, now: datetime | None = None,
    ) -> tuple[Person, str]:  # fmt: skip
        """Change what is given to a person; with ``new_password`` the second thing that comes back is one.

        Raises ``NotFound``, and ``BadSetting`` where nobody would be left who may manage access.
        """
        takes = (roles is not None and ADMIN not in roles) or bool(disabled)
        others = [one for one in self.store.people() if one.id != person and not one.disabled and ADMIN in one.roles]
        mine = [one for one in self.store.people() if one.id == person and not one.disabled and ADMIN in one.roles]
        if takes and mine and not others:
            raise BadSetting(_NO_ADMIN)
        fresh = passwords.made_up() if new_password else None
        found = self.store.set_person(person, roles=roles, groups=groups, disabled=disabled, password=fresh,
                                      by=viewer.name, now=now or _now())  # fmt: skip
        return found, fresh or ""

    def groups(self, *, viewer: Viewer) -> list[str]:
        """Every group that a person is in, or that a record or a rule names, by name."""
        named = {group for person in self.store.people() for group in person.groups}
        named |= {group for rule in self.store.access_rules().rules for group in rule.groups}
        for pool in self.shelves.now().pools.values():
            named |= {group for audience in pool.columns.names["audience"] for group in unpack_audience(audience)}
        return sorted(named - {NOBODY}, key=str.casefold)

    def sessions(self, *, viewer: Viewer, now: datetime | None = None) -> list[Session]:
        """Sign-ins, newest first."""
        return self.store.sessions(now=now or _now())

    def revoke_session(self, session: int, *, viewer: Viewer, now: datetime | None = None) -> None:
        """End a session; its tabs are refused from their next step on."""
        self.store.revoke_session(session, by=viewer.name, now=now or _now())

    def session_limits(self, *, viewer: Viewer) -> tuple[int, int]:
        """Hours in all and idle minutes that a session lasts."""
        return self.store.session_limits()

    def set_session_limits(self, hours: int, idle: int, *, viewer: Viewer) -> None:
        """Set both; they count for every session from its next step on. Raises ``BadSetting``."""
        for name, value in ((signins.HOURS, hours), (signins.IDLE, idle)):
            _, least, most = signins.LIMITS[name]
            if not least <= value <= most:
                raise BadSetting(f"{name} is {value}: give {least} to {most}.")
        self.store.set(signins.HOURS, str(hours), by=viewer.name)
        self.store.set(signins.IDLE, str(idle), by=viewer.name)

    def claims(self, *, viewer: Viewer) -> dict[str, dict[str, list[str]]]:
        """What values of the sign-in's claims stand for: value → {"roles": […], "groups": […]}."""
        return roster.read_claims(self.store.settings().get(roster.CLAIMS))

    def set_claims(self, means: Mapping[str, Mapping[str, Sequence[str]]], *, viewer: Viewer) -> None:
        """Say what values of claims stand for; any other stands for nothing.

        Raises ``BadSetting``, also where nobody would be left who may manage access.
        """
        text = json.dumps({value: {name: list(named) for name, named in one.items()} for value, one in means.items()},
                          ensure_ascii=False, sort_keys=True)  # fmt: skip
        meaning = roster.read_claims(text)
        people = [one for one in self.store.people() if not one.disabled]
        then = [one for one in people if ADMIN in one.given_roles | roster.granted(one.claims, meaning)[0]]
        if not then and any(ADMIN in one.roles for one in people):
            raise BadSetting(_NO_ADMIN)
        self.store.set(roster.CLAIMS, text, by=viewer.name)

    def view_as(self, person: int, *, viewer: Viewer) -> Viewer:
        """What the desk is to somebody else, to be looked at and not changed. Raises ``BadSetting``."""
        found = next((one for one in self.store.people() if one.id == person), None)
        if found is None:
            raise BadSetting("There is no such person here: choose one from the list.")
        return replace(found.viewer, looking=viewer.name)

    # --- rules -------------------------------------------------------------------------------------------------

    def access_rules(self, *, viewer: Viewer) -> InForce:
        """The rules of who may see what, and whether they are applied to all that is stored."""
        return self.store.access_rules()

    def preview_rules(self, rules: Sequence[Rule], *, viewer: Viewer, say: Say = quiet) -> Preview:
        """What these rules would do, in counts of all records; nothing is written. Raises ``BadSetting``."""
        return self.store.preview_access(rules, say=say)

    def set_access_rules(
        self, rules: Sequence[Rule], *, viewer: Viewer, now: datetime | None = None, batches: int = 1 << 40,
        say: Say = quiet,
    ) -> tuple[int, int]:  # fmt: skip
        """Set the rules and apply them: records (narrowed at once, changed after). Raises ``BadSetting``.

        What may be shown again comes at most ``batches`` now; :meth:`resume_rules` goes on.
        """
        at = int((now or _now()).timestamp())
        return self.store.apply_access(rules, by=viewer.name, at=at, batches=batches, say=say)

    def resume_rules(
        self, *, viewer: Viewer, now: datetime | None = None, batches: int = 1 << 40, say: Say = quiet
    ) -> int:  # fmt: skip
        """Go on applying the rules where that stopped; how many records changed."""
        at = int((now or _now()).timestamp())
        return self.store.resume_access(by=viewer.name, at=at, batches=batches, say=say)


def _now() -> datetime:
    return datetime.now(UTC)
