"""A chart on a page of the PDF."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import Flowable

from kb.digest import Chart
from pipelines.report_charts import Box, Dot, Line, shapes
from pipelines.report_pdf_type import COLOURS, DASHES, FAINT, SANS, SEMI, SOFT, fit


class Drawing(Flowable):  # type: ignore[misc, unused-ignore]
    """A chart on the page."""

    def __init__(self, chart: Chart, wide: float, high: float, currency: str) -> None:
        super().__init__()
        self.width, self.height = wide, high
        self._scale = wide / 340
        self._shapes = shapes(chart, 340, high / self._scale, currency=currency)

    def draw(self) -> None:
        """Draw it; shapes count y downwards, a page upwards."""
        canvas = self.canv
        canvas.saveState()
        canvas.translate(0, self.height)
        canvas.scale(self._scale, -self._scale)
        for shape in self._shapes:
            if isinstance(shape, Line):
                self._line(canvas, shape)
            elif isinstance(shape, Box):
                canvas.setFillColor(COLOURS[shape.look])
                canvas.rect(shape.x, shape.y, shape.wide, max(0.0, shape.high), stroke=0, fill=1)
            elif isinstance(shape, Dot):
                canvas.setFillColor(COLOURS[shape.look])
                canvas.circle(shape.x, shape.y, 2.1, stroke=0, fill=1)
            else:
                canvas.saveState()
                canvas.translate(shape.x, shape.y)
                canvas.scale(1, -1)
                canvas.setFillColor(COLOURS.get(shape.look, SOFT))
                canvas.setFont(SEMI if shape.look in COLOURS else SANS, 9.5)
                write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
                write[shape.anchor](0, 0, fit(shape.text))
                canvas.restoreState()
        canvas.restoreState()

    def _line(self, canvas: Any, shape: Line) -> None:
        canvas.saveState()
        canvas.setStrokeColor(COLOURS.get(shape.look, FAINT))
        canvas.setLineWidth(1.6 if shape.look in COLOURS else 0.8)
        if shape.look in DASHES:
            canvas.setDash(*DASHES[shape.look])
        path = canvas.beginPath()
        path.moveTo(*shape.points[0])
        for point in shape.points[1:]:
            path.lineTo(*point)
        canvas.drawPath(path, stroke=1, fill=0)
        canvas.restoreState()
