"""Keys and tokens of an invented hospital, for tests of the service's door."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER, BASE, JKU = "https://ehr.example/", "https://cds.example", "https://ehr.example/keys"
EC = ECKey.generate_key("P-384", {"kid": "ec-1"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
STRANGER = ECKey.generate_key("P-384", {"kid": "ec-1"})
SIGN = "/cds-services/nof1-order-sign"


def public(*keys: Any) -> dict[str, Any]:
    """The JWK set of the public halves."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def clients_file(folder: Path, **changes: Any) -> Path:
    """A clients' file with one hospital; ``changes`` replace its top fields."""
    client = {"issuer": ISSUER, "jwks": public(EC, RSA), "jku": JKU}
    data = {"base_url": BASE, "origins": ["https://ehr.example"], "clients": [client]} | changes
    path = folder / "clients.json"
    path.write_text(json.dumps(data))
    return path


def claims(path: str = SIGN, **changes: Any) -> dict[str, Any]:
    """Good claims for a call of ``path``; ``...`` takes a claim away."""
    now = int(time.time())
    made: dict[str, Any] = {
        "iss": ISSUER,
        "aud": BASE + path,
        "iat": now,
        "exp": now + 300,
        "jti": f"{time.perf_counter_ns()}",
    }
    return {key: value for key, value in (made | changes).items() if value is not ...}


def token(path: str = SIGN, key: Any = EC, head: Any = None, **changes: Any) -> str:
    """A signed token."""
    algorithm = "RS384" if isinstance(key, RSAKey) else "ES384"
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"} | (head or {})
    header = {name: value for name, value in header.items() if value is not ...}
    made = claims(path, **changes)
    return jwt.encode(header, made, key, algorithms=[header["alg"]], default_type=None)


def bearer(path: str = SIGN, **more: Any) -> str:
    """The value of an Authorization header."""
    return "Bearer " + token(path, **more)
