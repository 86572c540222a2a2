"""The sign-in page: plain HTML without scripts, in the colours and letters of the screens."""

from __future__ import annotations

import html
from importlib.util import find_spec
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "kb" / "screens" / "assets"


def written(
    *, token: str, onward: str, trouble: str = "", name: str = "", label: str = "", local: bool = True
) -> str:  # fmt: skip
    """The whole page: ``label`` names the sign-in of the organisation, ``local`` says whether there are accounts here.

    Whatever was typed is written as text.
    """
    say = html.escape
    told = f'<p class="note" role="alert">{say(trouble)}</p>' if trouble else ""
    elsewhere = f'<p class="or"><a class="button" href="/enter">Sign in with {say(label)}</a></p>' if label else ""
    form = f"""<form method="post" action="/sign-in">
<input type="hidden" name="form" value="{say(token)}"><input type="hidden" name="next" value="{say(onward)}">
<label>Name<input name="name" value="{say(name[:80])}" autocomplete="username" required
 {"" if name else "autofocus"}></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="200"
 {"autofocus" if name else ""}></label><button>Sign in</button></form>"""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · Seen Before</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/favicon.png">
<style>{_style()}</style></head><body><main><p class="name"><span class="dot"></span>Seen Before</p>
<h1>Sign in</h1>{told}{form if local else ""}{elsewhere}</main></body></html>"""


def _style() -> str:
    """The colours of the screens, and the few rules this page needs."""
    colours = (ASSETS / "paper.css").read_text("utf-8").partition("/* --- Streamlit")[0]
    found = find_spec("streamlit")
    fonts = Path(found.origin or "").parent / "static" / "static" / "media" if found else ASSETS
    faces = ""
    for family, begins in (("Source Sans", "SourceSansVF-Upright"), ("Source Serif", "SourceSerifVariable-Roman")):
        for file in sorted(fonts.glob(f"{begins}*"))[:1]:
            faces += f'@font-face{{font-family:"{family}";font-weight:200 900;src:url("/static/media/{file.name}")}}'
    return faces + colours + (ASSETS / "signing.css").read_text("utf-8")
