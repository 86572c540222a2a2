"""What we stand on: known weaknesses, licences and a bill of materials of every package that requirements.lock pins.

`python .ci/supply.py advisories|licences|sbom [FILE]`, run by `make supply` and `make sbom`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
WITHIN = 300

ALLOWED = frozenset((
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD", "BSL-1.0", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0",
    "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "Apache-2.0 WITH LLVM-exception", "CNRI-Python",
))  # fmt: skip
"""SPDX names of what may be shipped with an Apache-2.0 program: permissive ones, and MPL-2.0, whose copyleft ends at
the file. "BSD" is what older packages say without telling which; all variants are permissive."""
LOOKED_AT: dict[str, str] = {
    # package → licence, where what the package says of itself is unclear and somebody read its licence file
    "igraph": "GPL-2.0-or-later",
    "skops": "MIT",
}
ACCEPTED: dict[str, str] = {
    # package → why it may stay although its licence is not on the list
    "igraph": "installed beside us, in none of our files; who passes both on together does so under GPL-3.0-or-later",
}
_WORDS: tuple[tuple[str, str], ...] = (
    # what packages write for a licence → SPDX, in the order of trying
    (r"apache.*2|apache software|^apache$", "Apache-2.0"), (r"mozilla.*2|mpl.?2", "MPL-2.0"),
    (r"\bmit\b|expat", "MIT"),
    (r"bsd.?3|3.?clause|new bsd|modified bsd", "BSD-3-Clause"), (r"bsd.?2|2.?clause|simplified bsd", "BSD-2-Clause"),
    (r"lgpl|lesser general", "LGPL"), (r"agpl|affero", "AGPL"), (r"gpl|general public", "GPL"),
    (r"python software foundation|psf", "PSF-2.0"), (r"\bisc\b", "ISC"), (r"\bbsd\b", "BSD"),
    (r"unlicense", "Unlicense"), (r"cc0", "CC0-1.0"), (r"hpnd|historical permission", "HPND"), (r"zlib", "Zlib"),
    (r"boost", "BSL-1.0"),
)  # fmt: skip


def pinned(lock: str) -> dict[str, str]:
    """Name → version of what a lock pins."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


# --- advisories ----------------------------------------------------------------------------------------------------


def judged(report: dict[str, Any] | None, names: Iterable[str], *, must: bool) -> tuple[int, list[str]]:
    """Exit code and sentences for what pip-audit told; ``None`` is nothing at all.

    A weakness that was found is always red. What could not be asked is never called clean: it is said, and is red only
    where ``must`` is set, so that a network that is down does not stop a change.
    """
    wanted, told = set(names), list((report or {}).get("dependencies", ()))
    asked = {re.sub(r"[-_.]+", "-", one["name"]).lower() for one in told if "skip_reason" not in one} & wanted
    weak = [(one["name"], one.get("version", "?"), flaw) for one in told for flaw in one.get("vulns", ())]
    lines = [f"{name} {version}: {flaw['id']}, mended in {', '.join(flaw.get('fix_versions', ())) or 'no version yet'}"
             for name, version, flaw in weak]  # fmt: skip
    missed = len(wanted - asked)
    if missed:
        what = "NOTHING WAS AUDITED" if not asked else f"ONLY {len(asked)} OF {len(wanted)} PACKAGES WERE AUDITED"
        lines.append(f"{what}: the advisories could not be reached for {missed}. This is not a clean result.")
    elif not weak:
        lines.append(f"All {len(wanted)} pinned packages were audited; no known weakness.")
    return (1 if weak or (missed and must) else 0), lines


def advisories() -> int:
    """Ask PyPI, and where that tells nothing OSV, about every pinned package."""
    names = pinned(LOCK.read_text("utf-8"))
    report = None
    for service in ("pypi", "osv"):
        report = _audited(service)
        if report is not None and any("skip_reason" not in one for one in report.get("dependencies", ())):
            break
    code, lines = judged(report, names, must=os.environ.get("AUDIT_MUST_REACH", "") == "1")
    for line in lines:
        print(line, file=sys.stderr)
    return code


def _audited(service: str) -> dict[str, Any] | None:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip",
               "--vulnerability-service", service, "--format", "json", "--progress-spinner", "off",
               "--timeout", "15"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False)  # noqa: S603
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


# --- licences ------------------------------------------------------------------------------------------------------


def spdx(text: str) -> list[str]:
    """The licences a package's own words name, each of which holds; of "A OR B" the better one counts."""
    parts = re.split(r"\s+AND\s+|;", text.strip().strip("()"))
    return [_better([_one(option) for option in re.split(r"\s+OR\s+", part)]) for part in parts if part.strip("() ")]


def _better(names: list[str]) -> str:
    return next((name for name in names if name in ALLOWED), names[0])


def _one(text: str) -> str:
    text = text.strip().strip("()").strip()
    if text in ALLOWED:
        return text
    return next((name for words, name in _WORDS if re.search(words, text.casefold())), "UNKNOWN")


def licences_of(name: str) -> list[str]:
    """What an installed package says: its expression, else its classifiers, else the line in its licence field."""
    if name in LOOKED_AT:
        return [LOOKED_AT[name]]
    told = metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return spdx(expression)
    said = [one.rsplit(" :: ", 1)[-1] for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    said = [one for one in said if one != "OSI Approved"]
    if said:
        return sorted({_one(one) for one in said})
    return spdx((told.get("License") or "").strip().split("\n")[0][:80]) or ["UNKNOWN"]


def unwelcome(found: dict[str, list[str]]) -> list[str]:
    """A sentence for each package whose licence is not on the list."""
    return [
        f"{name}: {' and '.join(bad)} is not on our list of licences; read it, then add it to .ci/supply.py or drop it."
        for name, told in sorted(found.items())
        if name not in ACCEPTED and (bad := [one for one in told if one not in ALLOWED])
    ]  # fmt: skip


def licences() -> int:
    """Hold every pinned package that is installed against the list."""
    found, absent = {}, []
    for name in pinned(LOCK.read_text("utf-8")):
        try:
            found[name] = licences_of(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
    wrong = unwelcome(found)
    wrong += [f"{name} is pinned but not installed: its licence was not read." for name in absent]
    for line in wrong or [f"{len(found)} licences are on the list ({', '.join(ACCEPTED)}: accepted with a reason)."]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


# --- the bill of materials -----------------------------------------------------------------------------------------


def bill(names: dict[str, str], *, version: str, at: datetime, serial: str) -> dict[str, Any]:
    """A CycloneDX 1.6 document of these packages, in the order of their names."""
    parts = [_part(name, pin) for name, pin in sorted(names.items())]
    top = f"pkg:pypi/seenbefore@{version}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}", "version": 1,
        "metadata": {
            "timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": top, "name": "seenbefore", "version": version, "purl": top,
                          "licenses": [{"license": {"id": "Apache-2.0"}}]},
        },
        "components": parts,
        "dependencies": [{"ref": top, "dependsOn": [one["bom-ref"] for one in parts]}],
    }  # fmt: skip


def _part(name: str, version: str) -> dict[str, Any]:
    ref = f"pkg:pypi/{name}@{version}"
    try:
        told = [one for one in licences_of(name) if one != "UNKNOWN"]
    except metadata.PackageNotFoundError:
        told = []
    known = [
        {"license": {"id": one} if one in ALLOWED - {"BSD", "Apache-2.0 WITH LLVM-exception"} else {"name": one}}
        for one in told
    ]
    return {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": version,
        "purl": ref,
        **({"licenses": known} if known else {}),
    }


def sbom(file: str = "dist/sbom.cdx.json") -> int:
    """Write the bill of materials; the same lock, version and SOURCE_DATE_EPOCH give the same bytes."""
    names, version = pinned(LOCK.read_text("utf-8")), metadata.version("seenbefore")
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    at = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    serial = str(uuid.uuid5(uuid.NAMESPACE_URL, f"seenbefore {version} {sorted(names.items())}"))
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(names, version=version, at=at, serial=serial), indent=1) + "\n", encoding="utf-8")
    print(f"Wrote {path}: {len(names)} packages.", file=sys.stderr)
    return 0


WAYS: dict[str, Callable[..., int]] = {"advisories": advisories, "licences": licences, "sbom": sbom}

if __name__ == "__main__":
    sys.exit(WAYS[sys.argv[1]](*sys.argv[2:]))
