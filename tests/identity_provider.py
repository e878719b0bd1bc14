"""A hospital's sign-in for tests: a real server on loopback with real keys, which can also lie.

``person`` says who signs in next; ``change`` alters the next ID token (claims, header, key);
``answers`` replaces what an address gives.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
CLIENT, SECRET = "nof1", "a secret/of the client"


class Provider:
    """One issuer."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys: list[Any] = [RSA, EC]
        self.person: dict[str, Any] = {"sub": "u-17", "preferred_username": "dr.x",
                                       "groups": ["doctors"]}  # fmt: skip
        self.change: Callable[[dict[str, Any], dict[str, Any]], Any] = lambda claims, head: None
        self.answers: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.public_client = False

    def described(self) -> dict[str, Any]:
        """The issuer's description of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [one.as_dict(private=False) for one in self.keys]}

    def authorize(self, address: str, **more: str) -> str:
        """What the browser is sent back with, after a sign-in at ``address``."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer} | more
        return f"{asked['redirect_uri']}?{urlencode({k: v for k, v in back.items() if v})}"

    def token(self, form: dict[str, str], header: str) -> tuple[int, Any]:
        """The answer of the token endpoint."""
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "").encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        wanted = base64.b64encode(b"nof1:a%20secret%2Fof%20the%20client").decode()
        good = (
            asked is not None
            and asked["code_challenge"] == digest
            and asked["redirect_uri"] == form.get("redirect_uri")
            and form.get("grant_type") == "authorization_code"
            and form.get("client_id") == CLIENT
            and (self.public_client or header == f"Basic {wanted}")
        )
        if not good or asked is None:
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": self.id_token(asked["nonce"]), "token_type": "Bearer",
                     "access_token": "not for you"}  # fmt: skip

    def id_token(self, nonce: str) -> str:
        """An ID token of the person; ``change`` may alter it, or make another one."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300,
                  "nonce": nonce, **self.person}  # fmt: skip
        head = {"alg": "RS256", "kid": "rsa-1", "typ": "JWT"}
        made = self.change(claims, head)
        if made is not None:
            return str(made)
        key = {"rsa-1": RSA, "ec-1": EC}.get(head["kid"], RSA)
        return jwt.encode(head, claims, key, algorithms=[head["alg"]])


def unsigned(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token with any header and any signature."""
    parts = [json.dumps(head).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts)


@contextmanager
def serving() -> Any:
    """The provider while it serves."""
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            made.asked.append(("GET", path))
            if path == "/authorize":  # somebody who signs in at once
                here = f"{made.issuer}{self.path}"
                self._give(303, b"", Location=made.authorize(here))
                return
            told = {"/.well-known/openid-configuration": made.described, "/keys": made.jwks}
            self._give(*_answer(made, path, (200, told[path]()) if path in told else (404, {})))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            made.asked.append(("POST", self.path))
            answer = made.token(form, self.headers.get("authorization", ""))
            self._give(*_answer(made, self.path, answer))

        def _give(self, status: int, body: Any, **headers: str) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _answer(made: Provider, path: str, usual: tuple[int, Any]) -> tuple[int, Any]:
    found = made.answers.get(path, usual)
    return found if isinstance(found, tuple) else (200, found)


def settings_file(folder: Path, issuer: str, /, **changes: Any) -> Path:
    """The operator's file; ``...`` takes a field away."""
    (folder / "client.secret").write_text(SECRET + "\n")
    (folder / "client.secret").chmod(0o600)
    data = {
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret_file": "client.secret",
        "name": "Anytown Hospital",
        "roles": {"doctors": ["clinician"], "data": ["data-scientist", "learner"]},
    } | changes
    path = folder / "oidc.json"
    path.write_text(json.dumps({k: v for k, v in data.items() if v is not ...}))
    return path
