"""More than sixty hostile files through the import: none crashes it, none shifts a column, each gets its sentence."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.errors import SeenBeforeError
from kb.records import EVERYONE, Ticket
from pipelines import ingest as importing
from pipelines.home import Home
from pipelines.settings import Settings

HEAD = ["number", "short_description", "description", "opened_at", "state", "category", "close_notes"]


def row(n: int, **more: str) -> list[str]:
    """A row whose cells say which column they belong to."""
    made = {"number": f"N{n}", "short_description": f"TITLE {n}", "description": f"BODY {n}", "opened_at": "2026-03-04 10:00:00",
            "state": "Closed", "category": f"CATEGORY {n}", "close_notes": f"FIX {n}", **more}  # fmt: skip
    return [made[name] for name in HEAD]


def table(rows: list[list[str]], *, delimiter: str = ",", head: list[str] | None = None, end: str = "\r\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([HEAD if head is None else head, *rows])
    return out.getvalue()


def five(**more: str) -> list[list[str]]:
    return [row(n, **more) for n in range(5)]


def book(sheet: str, *, members: dict[str, str] | None = None, shared: str = "") -> bytes:
    """A workbook by hand, so that it can be wrong."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        )
        made.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        made.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        made.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        made.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, text in (members or {}).items():
            made.writestr(name, text)
    return out.getvalue()


def sheet_of(rows: list[list[str]], before: str = "", around: str = "") -> str:
    def cell(text: str) -> str:
        safe = text.replace("&", "&amp;").replace("<", "&lt;") if not text.startswith("&x") else text
        return f'<c t="inlineStr"><is><t>{safe}</t></is></c>'

    body = "".join(f"<row>{''.join(map(cell, one))}</row>" for one in rows)
    return f'{before}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}{around}</sheetData></worksheet>'


def ticket(n: int, **more: object) -> dict[str, object]:
    return {**dict(zip(HEAD, row(n), strict=True)), **more}


def corpus() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file, the same every time."""
    chance = random.Random(20261122)
    good = table(five())
    for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1251", "shift_jis"):
        yield (
            f"enc-{name}.csv",
            good.replace("BODY", "BODY Größe ж 日" if name.startswith("utf") else "BODY").encode(name),
        )
    yield "enc-latin1-bytes.csv", good.replace("BODY", "BODY Müller").encode("latin-1")
    yield (
        "enc-mixed.csv",
        good.encode() + table([row(9, description="BODY \udce4")], head=row(8)).encode("utf-8", "surrogateescape"),
    )
    yield "enc-surrogates.csv", good.replace("BODY 1", "BODY \ud800").encode("utf-8", "surrogatepass")
    yield "enc-utf7.csv", b"+ADw-script+AD4-," + good.encode()
    yield "nul-in-cell.csv", good.replace("BODY 2", "BODY \x00 2").encode()
    yield "nul-everywhere.csv", good.replace(",", ",\x00").encode()
    yield "controls.csv", good.replace("BODY", "BODY " + "".join(map(chr, range(1, 9)))).encode()
    yield "bidi.csv", table(five(description="BODY \u202e\u2066\u200b\ufeff")).encode()
    yield "first-row-wider.csv", table([[*row(0), "EXTRA"], *five()]).encode()
    yield "rows-wider.csv", table([row(0), *([*row(n), "X", "Y"] for n in range(1, 5))]).encode()
    yield "rows-narrower.csv", table([row(0), *(row(n)[:4] for n in range(1, 5))]).encode()
    yield "very-wide-row.csv", table([row(0), ["x"] * 50_000]).encode()
    yield (
        "very-wide-header.csv",
        table([[*row(0), *["x"] * 5_000]], head=[*HEAD, *(f"c{n}" for n in range(5_000))]).encode(),
    )
    yield "same-header-twice.csv", table([[*row(0), "N9"]], head=[*HEAD, "number"]).encode()
    yield "all-headers-same.csv", table([row(0)], head=["number"] * len(HEAD)).encode()
    yield "empty-headers.csv", table([row(0)], head=[""] * len(HEAD)).encode()
    yield "header-only.csv", table([]).encode()
    yield "header-formula.csv", table([[*row(0), "X"]], head=[*HEAD, "=cmd|' /C calc'!A0"]).encode()
    yield "empty.csv", b""
    yield "blank.csv", b"\r\n\r\n \t\r\n"
    yield "bom-only.csv", b"\xef\xbb\xbf"
    yield "one-column.csv", b"number\nN1\nN2\n"
    yield "open-quote.csv", (good + '"never closed, BODY\n').encode()
    yield "quotes-inside.csv", good.replace("BODY 3", 'BO"DY 3').encode()
    yield "quote-bomb.csv", (good + '"' * 200_001).encode()
    yield "cr-only.csv", table(five(), end="\r").encode()
    yield "mixed-ends.csv", good.replace("\r\n", "\n", 2).replace("\r\n", "\r", 1).encode()
    yield "semicolons.csv", table(five(), delimiter=";").encode()
    yield "tabs.tsv", table(five(), delimiter="\t").encode()
    yield "pipes.csv", table(five(), delimiter="|").encode()
    yield "sep-line.csv", b"sep=;\r\n" + table(five(), delimiter=";").encode()
    yield "ten-megabyte-cell.csv", table([row(0, description="BODY " + "x" * 10_000_000), row(1)]).encode()
    yield "two-megabyte-cell.json", json.dumps([ticket(0, description="BODY " + "x" * 2_000_000), ticket(1)]).encode()
    yield "cell-of-lines.csv", table([row(0, description="BODY" + "\n" * 100_000), row(1)]).encode()
    yield "numbers-too-long.csv", table([row(0, number="N" * 5_000), row(1)]).encode()
    yield "numbers-with-paths.csv", table([row(0, number="../../etc/passwd"), row(1, number="C:\\x\\..\\y")]).encode()
    yield (
        "number-na.csv",
        table([row(n, number=name) for n, name in enumerate(("NA", "null", "None", "nan", "00012", "1e5"))]).encode(),
    )
    yield (
        "dates-mixed.csv",
        table(
            [row(0, opened_at="03/04/2026"), row(1, opened_at="13/04/2026"), row(2, opened_at="04/13/2026")]
        ).encode(),
    )
    yield (
        "dates-odd.csv",
        table(
            [
                row(n, opened_at=d)
                for n, d in enumerate(
                    (
                        "9999-12-31",
                        "0000-00-00",
                        "2026-02-30",
                        "1e99",
                        "46000.5",
                        "-1",
                        "2026-03-29 02:30:00",
                        "١٢/٠٣/٢٠٢٦",
                        "now",
                    )
                )
            ]
        ).encode(),
    )
    yield (
        "formulas.csv",
        table([row(0, close_notes='=HYPERLINK("http://evil")'), row(1, close_notes="@SUM(A1)")]).encode(),
    )
    yield "random.bin", chance.randbytes(20_000)
    yield (
        "random-text.csv",
        "".join(chr(chance.randrange(32, 0x2FFF)) for _ in range(20_000)).encode("utf-8", "replace"),
    )
    yield "pdf.csv", b"%PDF-1.7\n" + chance.randbytes(500)
    yield "html.xls", b"<html><table><tr><td>number</td></tr></table></html>"
    yield "deep.json", b"[" * 100_000
    yield "deep-closed.json", b"[" * 5_000 + b"]" * 5_000
    yield "deep-object.json", b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    yield "deep-cell.json", json.dumps([ticket(0), ticket(1)]).replace('"BODY 1"', "[" * 3_000 + "]" * 3_000).encode()
    yield (
        "twice-the-same-key.json",
        b'[{"number":"N0","number":"N9","short_description":"TITLE 0"},{"number":"N1","short_description":"TITLE 1"}]',
    )
    yield (
        "nan.json",
        b'[{"number":"N0","short_description":"TITLE 0","priority":NaN},{"number":"N1","short_description":"TITLE 1","priority":-Infinity}]',
    )
    yield (
        "huge-number.json",
        b'[{"number":' + b"9" * 6_000 + b',"short_description":"TITLE"},{"number":"N1","short_description":"TITLE 1"}]',
    )
    yield (
        "surrogate.json",
        b'[{"number":"N0","short_description":"TITLE \\ud800"},{"number":"N1","short_description":"TITLE 1"}]',
    )
    yield "not-objects.json", b'[1, "two", null, [3], {"number":"N1","short_description":"TITLE 1"}]'
    yield "cut.json", json.dumps([ticket(n) for n in range(5)]).encode()[:-40]
    yield (
        "lines-broken.jsonl",
        b"\n".join([json.dumps(ticket(0)).encode(), b"{broken", b"", json.dumps(ticket(1)).encode(), b"[]"]),
    )
    yield (
        "odd-keys.json",
        json.dumps([{**ticket(0), "": "x", "\x00": "y", "__proto__": {"a": 1}, "constructor": "z"}]).encode(),
    )
    yield "gzip-bomb.csv.gz", gzip.compress(b"number,title\n" + b"a" * 70_000_000, 9)
    yield "gzip-cut.csv.gz", gzip.compress(good.encode())[:-12]
    yield "gzip-twice.csv.gz", gzip.compress(gzip.compress(good.encode()))
    yield "zip-of-csv.zip", _zip({"a.csv": good})
    yield "zip-outside.xlsx", book(sheet_of([HEAD, *five()]), members={"../../evil.txt": "x"})
    yield "zip-bomb.xlsx", book(sheet_of([HEAD, row(0, description="BODY " + "A" * 30_000_000)]))
    yield "many-members.xlsx", book(sheet_of([HEAD, *five()]), members={f"xl/media/{n}.xml": "x" for n in range(700)})
    lol = (
        '<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">'
        + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
        + "]>"
    )
    yield (
        "xml-bomb.xlsx",
        book(sheet_of([HEAD, row(0)], before=lol, around="<row><c t='inlineStr'><is><t>&a11;</t></is></c></row>")),
    )
    yield (
        "xml-file.xlsx",
        book(
            sheet_of(
                [HEAD, row(0)],
                before='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
                around="<row><c t='inlineStr'><is><t>&e;</t></is></c></row>",
            )
        ),
    )
    yield "workbook-good.xlsx", book(sheet_of([HEAD, *five()]))
    yield "workbook-wider.xlsx", book(sheet_of([HEAD, *([*row(n), "X"] for n in range(3))]))
    yield (
        "workbook-far-cell.xlsx",
        book(
            sheet_of(
                [HEAD, *five()], around='<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
            )
        ),
    )
    far = (
        '<c r="A150000" t="inlineStr"><is><t>x</t></is></c>',
        "<row r='1048576'><c r='XFD1' t='inlineStr'><is><t>x</t></is></c></row>",
    )
    yield "workbook-far-row.xlsx", book(sheet_of([HEAD, *five()], around=f"<row>{far[0]}</row>"))
    yield "workbook-far-quotes.xlsx", book(sheet_of([HEAD, *five()], around=far[1]))
    yield (
        "workbook-dimension.xlsx",
        book(sheet_of([HEAD, *five()]).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')),
    )
    yield "workbook-binary.xlsb", book(sheet_of([HEAD, *five()]), members={"xl/workbook.bin": "x"})
    yield "workbook-broken.xlsx", book("<worksheet><sheetData><row><c>")
    yield "workbook-cut.xlsx", book(sheet_of([HEAD, *five()]))[:-60]
    yield "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + chance.randbytes(3_000)
    for n in range(6):
        spoilt = bytearray(good.encode())
        for _ in range(30):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        yield f"flipped-{n}.csv", bytes(spoilt)


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in members.items():
            made.writestr(name, text)
    return out.getvalue()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(Settings(tmp_path_factory.mktemp("hostile") / "desk", embedder="hashing"))
    made.create()
    yield made
    made.store.close()


def _shifted(tickets: list[Ticket]) -> list[str]:
    """Tickets in which a cell stands under another column than its own."""
    wrong = []
    for one in tickets:
        for text, word in (
            (one.title, "TITLE"),
            (one.body, "BODY"),
            (one.category, "CATEGORY"),
            (one.resolution, "FIX"),
        ):
            others = {"TITLE", "BODY", "CATEGORY", "FIX"} - {word}
            wrong += [f"{one.number}: {text[:60]!r}" for other in others if text.startswith(other)]
    return wrong


def test_no_file_crashes_shifts_or_is_taken_in_silence(home: Home, tmp_path: Path) -> None:
    wrong: list[str] = []
    refused = names = 0
    for at, (name, data) in enumerate(corpus()):
        names += 1
        file = tmp_path / name
        file.write_bytes(data)
        try:
            asked = importing.asked(source=f"s{at}", dates="day")
            done = importing.ingest(home, importing.look(file, asked))
        except SeenBeforeError as error:
            refused += 1
            sentence = str(error)
            if "\n" in sentence or not 10 < len(sentence) < 400 or not sentence.endswith("."):
                wrong.append(f"{name}: {sentence!r} is no sentence")
        except Exception as error:  # noqa: BLE001 - the test is that there is none
            wrong.append(f"{name}: {type(error).__name__}: {error}"[:200])
        else:
            if done.rejected + done.remarks and not Path(done.report).is_file():
                wrong.append(f"{name}: refused rows without a report")
        file.unlink()
    tickets = [one for batch in home.store.each("ticket", EVERYONE) for one in batch if isinstance(one, Ticket)]
    wrong += _shifted(tickets)
    wrong += [f"{one.number}: {text[:40]!r}" for one in tickets for text in (one.title, one.body, one.number)
              if "\x00" in text or "root:" in text or any("\ud800" <= sign <= "\udfff" for sign in text)]  # fmt: skip
    assert wrong == []
    assert names >= 60
    assert refused >= 15
    assert len(tickets) >= 80, "too little was taken: this test looks at nothing"


def test_a_shifted_column_would_be_seen() -> None:
    assert _shifted([Ticket("a", "b", title="BODY 1", body="TITLE 1")])


@pytest.mark.parametrize("make", [lambda folder: folder, lambda folder: folder / "none.csv", lambda folder: folder / "a\x00b.csv",
                                  lambda folder: Path("/dev/null"), lambda folder: folder / ("x" * 300 + ".csv")])  # fmt: skip
def test_what_is_no_file_is_said_in_a_sentence(make: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(SeenBeforeError):
        importing.look(make(tmp_path), importing.asked())
