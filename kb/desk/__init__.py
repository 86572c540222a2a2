"""The desk as its readers meet it: ask it, triage with it, keep its knowledge; every read names its viewer."""

from __future__ import annotations

from kb.desk.auditor import Auditor
from kb.desk.dispatcher import Clocked, Dispatcher
from kb.desk.doorkeeper import Doorkeeper
from kb.desk.front import Searches
from kb.desk.importer import Importer
from kb.desk.keeper import Keeper
from kb.desk.lead import Lead
from kb.desk.overlay import keep_overlay, overlay_of
from kb.desk.privacy import Keeping
from kb.desk.problems import ProblemDesk
from kb.desk.profiles import Profiler
from kb.desk.rights import guarded
from kb.desk.watch import Watch

__all__ = ["Clocked", "Desk", "Searches", "keep_overlay", "overlay_of"]


@guarded
class Desk(Lead, Dispatcher, ProblemDesk, Keeper, Profiler, Watch, Keeping, Importer, Auditor, Doorkeeper):
    """Everything a screen, the command line or a program may ask for."""
