"""Plants failures in a copy of the tree and runs the tests that must see them: ``python -m tests.crash.planted``.

Each is one small edit that a tired person could make. A failure that no test turns red for is a hole in the tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Planted:
    """One failure: what stands in which file, what is put there, and the tests that must turn red."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    only: str = ""


POWER, BACKUP, FAULTS = "tests/crash/test_power.py", "tests/crash/test_backup.py", "tests/crash/test_faults.py"
MADE, DATA, DISK = "pipelines/generations.py", "kb/database.py", "kb/disk.py"
PLANTED = (
    Planted("acknowledged before the commit", "kb/store.py",
            "        self.change(name, lambda _: value, by=by)",
            "        import threading\n        threading.Timer(0.5, lambda: self.change(name, lambda _: value, by=by)).start()",
            "tests/crash/test_kill.py", "short_run_of_settings"),
    Planted("no sync of folders", DISK, "def sync(path: Path) -> None:",
            "def sync(path: Path) -> None:\n    if path.is_dir():\n        return", POWER, "publishing"),
    Planted("no sync of files", DISK, "def sync(path: Path) -> None:",
            "def sync(path: Path) -> None:\n    if path.is_file():\n        return", POWER, "publishing"),
    Planted("the pointer written in place", MADE, "fresh = self.root / f\".current-{os.getpid()}.json\"",
            "fresh = self.root / \"current.json\"", "tests/pipelines/test_generations.py"),
    Planted("the manifest is not checked", MADE,
            "if promised is None or len(blob) != promised[\"bytes\"] or hashlib.sha256(blob).hexdigest() != promised[\"sha256\"]:",
            "if promised is None:", "tests/pipelines/test_generations.py"),
    Planted("the size is checked, the checksum is not", MADE,
            " or hashlib.sha256(blob).hexdigest() != promised[\"sha256\"]:", ":", "tests/pipelines/test_generations.py"),
    Planted("filtered after ranking", "kb/vectors.py", "        scores, places = self._ask(queries, min(most, len(self._ids)), keep)",
            "        scores, places = self._ask(queries, min(most, len(self._ids)), None)\n"
            "        if keep is not None:\n            places = np.where((places >= 0) & keep[np.maximum(places, 0)], places, -1)",
            "tests/kb/test_vectors.py"),
    Planted("another embedder of the same length is taken", "pipelines/home.py",
            "        if made_by != self.embedder.id:", "        if generation.facts.get(\"dim\") != self.embedder.dim:",
            "tests/crash/test_faults.py", "embedder"),
    Planted("BEGIN deferred", DATA, "\"BEGIN IMMEDIATE\" if db.get_execution_options().get(\"writes\") else \"BEGIN\"", "\"BEGIN\"",
            FAULTS, "first_moment"),
    Planted("synchronous=OFF", DATA, "\"synchronous=FULL\",", "\"synchronous=OFF\",", POWER, "asks_for_everything"),
    Planted("a batch in two transactions", "kb/holdings.py", "            if changed:\n                changed = [",
            "            db.commit()\n            if changed:\n                changed = [", "tests/kb/test_store.py"),
    Planted("redacted after it was embedded", "kb/merging.py", "return ready or self.guard.record(self._prepared(record))",
            "return Redacted(self._prepared(record), {}, {})", "tests/pipelines/test_privacy.py"),
    Planted("a backup is not read back", "pipelines/restore.py",
            "    if size != promised[\"bytes\"] or digest.hexdigest() != promised[\"sha256\"]:", "    if size != promised[\"bytes\"]:",
            BACKUP, "checksum_of_each"),
    Planted("the index is picked after the store was copied", "pipelines/backup.py",
            "            sources = _copies(home, draft.folder, generations, say)\n",
            "            sources = _copies(home, draft.folder, [], say)\n            generations = _generations(home)[0]\n"
            "            sources |= {f\"made/{g.name}/{n}\": g.folder / n for g in generations for n in (\"manifest.json\", *g.files)}\n",
            BACKUP, "made_after_the_copy"),
    Planted("restored over what is there", "pipelines/restore.py", "    there = {path.name for path in home.iterdir()}",
            "    there = set[str]()", BACKUP, "not_empty"),
    Planted("an erasure forgets what it has still to do", "kb/erasing.py", "            found = tuple(sorted(_not_here(db, traces | numbers)))\n            _begin(db, found)",
            "            found = tuple(sorted(_not_here(db, traces | numbers)))", BACKUP, "stopped_is_named"),
    Planted("erased tickets come back with the next export", "kb/holdings.py",
            "                if record.ref in gone:\n                    continue\n", "", BACKUP, "erased_before"),
    Planted("a stopped migration is not one transaction", DATA, "db.exec_driver_sql(\"BEGIN IMMEDIATE\" if db.get_execution_options().get(\"writes\") else \"BEGIN\")",
            "db.exec_driver_sql(\"BEGIN\") if not db.get_execution_options().get(\"writes\") else None", "tests/crash/test_migrations.py", "killed and 0001"),
)  # fmt: skip


def caught(one: Planted, tree: Path) -> tuple[bool, str]:
    """Whether its tests turn red, and their last lines; the tree is as before afterwards."""
    file = tree / one.file
    text = file.read_text("utf-8")
    if text.count(one.old) != 1:
        return False, f"the place to plant it is {text.count(one.old)} times in {one.file}"
    file.write_text(text.replace(one.old, one.new), "utf-8")
    try:
        words = ["-q", "-x", "-p", "no:cacheprovider", one.tests, *(["-k", one.only] if one.only else [])]
        done = subprocess.run([sys.executable, "-m", "pytest", *words], cwd=tree, capture_output=True, text=True, timeout=600,
                              env={**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"})  # fmt: skip
    finally:
        file.write_text(text, "utf-8")
    return done.returncode == 1, done.stdout[-600:]


def main(argv: list[str] | None = None) -> int:
    """Plant each in turn, and print one line for each and a summary."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="those whose name holds this")
    given = asked.parse_args(argv)
    todo = [one for one in PLANTED if given.only in one.name]
    with tempfile.TemporaryDirectory(prefix="planted-") as name:
        tree = Path(name) / "tree"
        shutil.copytree(
            ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "notebooks")
        )
        missed = 0
        for one in todo:
            found, said = caught(one, tree)
            missed += not found
            sys.stdout.write(f"{'caught' if found else 'MISSED'}: {one.name}{'' if found else chr(10) + said}\n")
            sys.stdout.flush()
        sys.stdout.write(f"{len(todo) - missed} of {len(todo)} caught\n")
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
