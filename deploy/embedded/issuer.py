"""The small token issuer of evaluation mode; services outside embedded mode refuse its tokens."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time  # noqa: TID251 - tokens live in real time

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from shared.infra.settings import EVALUATION_ISSUER

AUDIENCE = "partners"
SECONDS_OF_A_TOKEN = 12 * 3600


class EvaluationIssuer:
    """Signs tokens with an Ed25519 key kept in `folder`; the key is made at the first use."""

    def __init__(self, folder: Path) -> None:
        self.key_set_file = folder / "jwks.json"
        private = folder / "issuer.json"
        if not private.exists():
            folder.mkdir(parents=True, exist_ok=True)
            key = OKPKey.generate_key("Ed25519", {"kid": "evaluation"})
            _write_private(private, json.dumps(key.as_dict(private=True)))
        self._key = OKPKey.import_key(json.loads(private.read_text()))
        public = KeySet([self._key]).as_dict(private=False)
        self.key_set_file.write_text(json.dumps(public))

    def token(
        self,
        subject: str,
        organisations: Mapping[str, Sequence[str]],
        seconds: int = SECONDS_OF_A_TOKEN,
    ) -> str:
        """A bearer token: who, and which roles for which organisations."""
        now = int(time())
        claims = {
            "iss": EVALUATION_ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            "organisations": {code: list(roles) for code, roles in organisations.items()},
        }
        header = {"alg": "Ed25519", "kid": "evaluation", "typ": "JWT"}
        return jwt.encode(header, claims, self._key, algorithms=["Ed25519"])


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
