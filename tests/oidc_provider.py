"""A small OpenID Connect provider for the tests: a real process, real signatures, two persons, S256 asked for."""

from __future__ import annotations

import base64
import hashlib
import secrets
import sys
import time
from html import escape
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

PEOPLE = {"grace": ["desk-technicians", "hr"], "mallory": ["canteen"]}
CLIENT, SECRET = "seenbefore", "a-client-secret-of-the-tests"
KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
CODES: dict[str, dict[str, str]] = {}


def base(request: Request) -> str:
    return f"http://127.0.0.1:{request.url.port}"


async def metadata(request: Request) -> Response:
    here = base(request)
    return JSONResponse({
        "issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token",
        "jwks_uri": f"{here}/jwks", "end_session_endpoint": f"{here}/end", "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    })  # fmt: skip


async def jwks(request: Request) -> Response:
    return JSONResponse({"keys": [KEY.as_dict(private=False)]})


async def authorize(request: Request) -> Response:
    asked = dict(request.query_params)
    if asked.get("client_id") != CLIENT or asked.get("response_type") != "code":
        return Response("no such client", 400)
    if "person" not in asked:
        links = "".join(f'<p><a href="?{escape(urlencode({**asked, "person": one}))}">{one}</a></p>' for one in PEOPLE)
        return HTMLResponse(f"<!doctype html><title>Who are you?</title><h1>Who are you?</h1>{links}")
    code = secrets.token_urlsafe(16)
    CODES[code] = asked
    return RedirectResponse(
        f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked.get('state', '')})}", 303
    )


async def token(request: Request) -> Response:
    said = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    basic = request.headers.get("authorization", "")
    given = (
        base64.b64decode(basic.removeprefix("Basic ")).decode()
        if basic
        else f"{said.get('client_id')}:{said.get('client_secret')}"
    )
    asked = CODES.pop(said.get("code", ""), None)
    if asked is None or given != f"{CLIENT}:{SECRET}":
        return JSONResponse({"error": "invalid_grant"}, 400)
    proof = (
        base64.urlsafe_b64encode(hashlib.sha256(said.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
    )
    if asked.get("code_challenge") != proof:
        return JSONResponse({"error": "invalid_grant"}, 400)
    now, person = int(time.time()), asked["person"]
    claims = {"iss": base(request), "sub": f"id-of-{person}", "aud": CLIENT, "iat": now, "exp": now + 600,
              "name": person.capitalize(), "groups": PEOPLE[person], "nonce": asked.get("nonce")}  # fmt: skip
    signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    return JSONResponse({"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "id_token": signed})


async def end(request: Request) -> Response:
    return HTMLResponse("<!doctype html><title>Signed out</title><h1>You are signed out there too</h1>")


APP = Starlette(routes=[
    Route("/.well-known/openid-configuration", metadata), Route("/jwks", jwks), Route("/authorize", authorize),
    Route("/token", token, methods=["POST"]), Route("/end", end),
])  # fmt: skip

if __name__ == "__main__":
    uvicorn.run(APP, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
