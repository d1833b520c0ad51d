"""A small OpenID Connect provider on loopback: discovery, sign-in page, tokens, keys, sign-out."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "rehearsal", "a secret between the two"


@dataclass
class Provider:
    """Knows accounts by e-mail address; who signs in says at the page who they are."""

    issuer: str
    accounts: Mapping[str, Mapping[str, Any]]
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/leave", self._leave),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        at = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
            "end_session_endpoint": "/leave",
        }
        return JSONResponse(
            {
                "issuer": self.issuer,
                **{name: f"{self.issuer}{path}" for name, path in at.items()},
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _authorize(self, request: Request) -> Response:
        """Ask who it is, and send them back with a code."""
        asked = dict(request.query_params)
        if "account" not in asked:
            links = (
                f'<p><a href="?{escape(urlencode({**asked, "account": email}))}">{email}</a></p>'
                for email in self.accounts
            )
            return HTMLResponse("<h1>Who are you?</h1>" + "".join(links))
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        """Give tokens for a code, once, to who asked for it and knows the client's secret."""
        form = await request.form()
        asked = self.codes.pop(str(form["code"]), None)
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or request.headers.get("authorization") != f"Basic {pair}"
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "a", "token_type": "Bearer", "id_token": self._id_token(asked)}
        )

    def _id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        email = asked["account"]
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": email,
            "email": email,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.accounts[email],
        }
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _leave(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], status_code=302)


@contextmanager
def providing(port: int, accounts: Mapping[str, Mapping[str, Any]]) -> Iterator[Provider]:
    """Run a provider on a port of loopback."""
    provider = Provider(f"http://127.0.0.1:{port}", accounts)
    config = uvicorn.Config(
        provider.app, host="127.0.0.1", port=port, log_level="warning", ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)
