"""A report as one HTML file: its own style, charts as inline SVG, no script, and nothing fetched from anywhere."""

from __future__ import annotations

from html import escape
from pathlib import Path

from kb.digest import Chart, Digest, Figures, Part, Section, Table
from kb.digest.words import NOT_KNOWN, based_on, change, told, value_of
from kb.measures import Figure
from pipelines.report_charts import svg

_STYLE = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(digest: Digest) -> bytes:
    """The whole file, UTF-8."""
    body = "\n".join([_head(digest), *(_section(digest, one) for one in digest.sections), _end(digest)])
    title = escape(f"{digest.title}, {digest.period}")
    foot = escape(f"{digest.title} · {digest.period}").replace("\\", " ").replace('"', " ")
    style = _STYLE.read_text("utf-8").replace("/*FOOT*/", f'"{foot}"')
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" '
        f'content="light dark">\n<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n'
        "</main>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def _head(digest: Digest) -> str:
    tiles = "".join(_tile(digest, one) for one in digest.headline)
    return (
        f'<header><p class="over">{_text(digest.title)}</p><h1>{_text(_capital(digest.period))}</h1>'
        f'<p class="soft">Beside {_text(digest.before)}. {_text(digest.seen)}</p></header>\n'
        f'<p class="summary">{_text(digest.summary)}</p>\n<div class="tiles">{tiles}</div>'
    )


def _tile(digest: Digest, one: Figure) -> str:
    said = _text(NOT_KNOWN) if one.value is None else _text(value_of(one, digest.currency))
    if one.value is None:
        below = _text(_capital(one.why) + ".")
    else:
        below = f"{_text(told(one.before, one.unit, digest.currency))} before{_turned(one)}" if one.before is not None \
            else "no figure before"  # fmt: skip
    look = "none" if one.value is None else ""
    return (f'<div class="tile"><strong class="{look}">{said}</strong><span>{_text(one.name)}'
            f'{_note(digest, one)}</span><span class="soft">{below}</span></div>')  # fmt: skip


def _turned(one: Figure) -> str:
    return f' · <span class="{one.turned}">{one.turned}</span>' if one.turned else ""


def _note(digest: Digest, one: Figure) -> str:
    number = digest.number(one.key)
    return f'<sup><a href="#d{number}" title="{escape(one.definition)}">{number}</a></sup>' if number else ""


def _section(digest: Digest, section: Section) -> str:
    lead = f'<p class="lead">{_text(section.lead)}</p>' if section.lead else ""
    charts = [part for part in section.parts if isinstance(part, Chart)]
    drawn = "".join(_chart(one, digest.currency) for one in charts)
    row = f'<div class="charts">{drawn}</div>' if drawn else ""
    others = "\n".join(_part(digest, part) for part in section.parts if not isinstance(part, Chart))
    return f'<section id="{escape(section.key)}"><h2>{_text(section.title)}</h2>{lead}\n{row}{others}</section>'


def _chart(chart: Chart, currency: str) -> str:
    return f"<figure><figcaption>{_text(chart.title)}</figcaption>{svg(chart, currency=currency)}</figure>"


def _part(digest: Digest, part: Part) -> str:
    if isinstance(part, Figures):
        return _figures(digest, part)
    return _table(part) if isinstance(part, Table) else ""


def _figures(digest: Digest, part: Figures) -> str:
    rows = "".join(_figure(digest, one) for one in part.figures)
    heads = ('<th scope="col" class="wide">Figure</th><th scope="col" class="right">Value</th>'
             '<th scope="col" class="right">Before</th><th scope="col" class="right">Change</th><th scope="col"></th>'
             '<th scope="col" class="right">Counted over</th>')  # fmt: skip
    columns = '<colgroup><col class="name"><col><col><col class="moved"><col class="turn"><col></colgroup>'
    return (f'<h3>{_text(part.title)}</h3><div class="scroll"><table class="figures">{columns}<thead><tr>{heads}</tr>'
            f"</thead><tbody>{rows}</tbody></table></div>")  # fmt: skip


def _figure(digest: Digest, one: Figure) -> str:
    name = f'<th scope="row">{_text(one.name)}{_note(digest, one)}'
    before = "–" if one.before is None else _text(told(one.before, one.unit, digest.currency))
    if one.value is None:
        return (f'<tr class="unknown">{name}</th><td colspan="5"><em>{NOT_KNOWN}</em>: {_text(one.why)}'
                f"{'' if one.before is None else f' (before: {before})'}</td></tr>")  # fmt: skip
    under = f'<span class="soft small">{_text(one.assumes)}</span>' if one.assumes else ""
    turned = f'<span class="{one.turned}">{one.turned}</span>' if one.turned else ""
    return (
        f'<tr>{name}{under}</th><td class="right strong">{_text(value_of(one, digest.currency))}</td>'
        f'<td class="right">{before}</td><td class="right">{_text(change(one))}</td><td>{turned}</td>'
        f'<td class="right soft">{_text(based_on(one))}</td></tr>'
    )


def _table(part: Table) -> str:
    looks = ["wide" if column.wide else "" if column.kind == "text" else "right" for column in part.columns]
    heads = "".join(f'<th scope="col" class="{look}">{_text(column.name)}</th>'
                    for column, look in zip(part.columns, looks, strict=True))  # fmt: skip
    rows = "".join(
        "<tr>" + "".join(f'<td class="{look}">{_text(told(cell, column.kind, part.currency))}</td>'
                         for cell, column, look in zip(row, part.columns, looks, strict=True)) + "</tr>"
        for row in part.rows
    )  # fmt: skip
    note = f'<p class="soft small">{_text(part.note)}</p>' if part.note else ""
    return (f'<h3>{_text(part.title)}</h3><div class="scroll"><table><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>{note}")  # fmt: skip


def _end(digest: Digest) -> str:
    items = "".join(f'<li id="d{at}"><strong>{_text(one.name)}.</strong> {_text(one.definition)}</li>'
                    for at, one in enumerate(digest.figures, 1))  # fmt: skip
    notes = "".join(f"<li>{_text(note)}</li>" for note in digest.notes)
    data = f'<section id="data"><h2>About the data</h2><ul>{notes}</ul></section>' if notes else ""
    made = f"Counted by Seen Before on {digest.made}. {digest.seen}"
    return (f'{data}<section id="definitions"><h2>What the figures mean</h2><ol class="small">{items}</ol></section>'
            f'<footer class="soft small">{_text(made)}</footer>')  # fmt: skip


def _text(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
