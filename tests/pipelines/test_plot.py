"""A chart of measured figures is a well-formed picture in which larger values stand higher."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadSetting, StoreTrouble
from pipelines import bench_scale, bench_spread, benches, plot
from pipelines.bench import Row

# ruff: noqa: S314  # what is parsed here was just made
SVG = "{http://www.w3.org/2000/svg}"
VALUES = st.lists(
    st.tuples(st.integers(1, 10**9), st.floats(1e-3, 1e9)), min_size=1, max_size=6, unique_by=lambda p: p[0]
)


@given(VALUES, st.booleans())
def test_larger_values_stand_higher_and_all_is_within_the_picture(
    curve: list[tuple[int, float]], logarithmic: bool
) -> None:  # fmt: skip
    made = plot.svg({"cost": curve}, title="t", across="x", up="y", logarithmic=logarithmic)
    dots = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in ET.fromstring(made).iter(f"{SVG}circle")]
    ordered = sorted(curve)
    assert len(dots) == len(curve)
    assert all(0 <= x <= plot._WIDE and 0 <= y <= plot._HIGH for x, y in dots)
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    for (_, one), (_, two), (_, first), (_, second) in zip(ordered, ordered[1:], dots, dots[1:], strict=False):
        assert (one <= two) == (first >= second) or abs(first - second) < 0.2


def test_names_are_text_and_stand_apart_and_what_costs_nothing_is_left_out() -> None:
    made = plot.svg({"<b>one</b>": [(1, 5)], "two": [(1, 5)], "none": [(1, 0)]}, title="a & b", across="x", up="y",
                    logarithmic=False)  # fmt: skip
    said = {one.text: float(one.attrib["y"]) for one in ET.fromstring(made).iter(f"{SVG}text")}
    assert "none" not in said
    assert abs(said["<b>one</b>"] - said["two"]) >= plot._APART
    assert "a & b" in said


def test_costs_and_throughput_are_drawn(tmp_path: Path) -> None:
    scale = [Row("desk", "scale", str(n), "seenbefore", "index_seconds", n / 1000, n=n) for n in (30_000, 1_000_000)]
    grows = Row("desk", "scale", "growth", "seenbefore", "index_seconds", 1.0, n=2)
    bench_scale.draw(tmp_path / "costs.svg", [*scale, grows])
    assert (tmp_path / "costs.svg").read_text("utf-8").count("<circle") == 2
    spread = [Row("desk", "spread", split, "seenbefore", "texts_per_second", value)
              for split, value in (("one process", 90.0), ("1 worker", 40.0), ("2 workers", 70.0))]  # fmt: skip
    benches.draw(tmp_path / "workers.svg", spread)
    assert (tmp_path / "workers.svg").read_text("utf-8").count("<circle") == 4
    assert bench_spread.draw.__doc__


def test_where_there_is_no_chart_nothing_is_measured_and_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="--plot draws"):
        benches.draws(["soak"], "")
    with pytest.raises(StoreTrouble, match="cannot be written"):
        plot.draw(tmp_path, {"a": [(1, 1)]}, title="t", across="x", up="y", logarithmic=True)
