"""Programs that tests start on PostgreSQL find their homes where the tests do."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any


class _Later:
    """Redirects as soon as the store is imported: before, nothing of ours may be."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "kb.database":
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.loader is not None
        run = spec.loader.exec_module

        def then(module: Any) -> None:
            run(module)
            sys.path.insert(0, str(Path(__file__).parent))  # a worker of the tests has another path by now
            import homes_elsewhere

            homes_elsewhere.redirect()

        spec.loader.exec_module = then  # type: ignore[method-assign]
        return spec


if os.environ.get("SB_TEST_SERVER"):
    sys.meta_path.insert(0, _Later())  # type: ignore[arg-type]
