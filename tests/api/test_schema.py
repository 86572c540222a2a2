"""The whole specification, held against the routes by generated requests: nothing breaks, every answer is as told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from kb.api.app import specification


@pytest.mark.parametrize(("most", "phases"), [
    (5, ("examples", "fuzzing")),
    pytest.param(25, ("examples", "coverage", "fuzzing", "stateful"), marks=pytest.mark.slow),
])  # fmt: skip
def test_generated_requests_find_nothing_wrong(world: Any, most: int, phases: tuple[str, ...]) -> None:
    found = list(troubles(world, most=most, phases=phases))
    assert not found, "\n".join(found)


def troubles(world: Any, *, most: int, phases: tuple[str, ...]) -> Iterator[str]:
    """What an independent tester finds: every check it has, over every operation."""
    api = world.api()
    every = ("examples", "coverage", "fuzzing", "stateful")
    config = SchemathesisConfig.from_dict({
        "headers": {"Authorization": f"Bearer {world.key('admin')}"}, "seed": 7, "suppress-health-check": ["all"],
        "generation": {"max-examples": most},
        "phases": {name: {"enabled": name in phases} for name in every},
        # Rules that no schema can tell (a state that asks for a cause, a period in the future) are answered with 422.
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]},
            # A text beyond its longest is refused by the size of the body where that is reached first.
            "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415",
                                                              "422"]},
        },
    })  # fmt: skip
    schema = schemathesis.openapi.from_dict(specification(), config=config)
    schema.app = api
    tried = 0
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            for checks in event.recorder.checks.values():
                tried += len(checks)
                yield from (f"{event.label}: {one.name}: {_told(one)}" for one in checks if one.failure_info)
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            yield f"error: {event}"
    assert tried > 200, "it hardly tried anything"


def _told(one: Any) -> str:
    failure = one.failure_info.failure
    return f"{failure.title}: {failure.message}"[:400] + f" | {one.failure_info.code_sample}"[:600]
