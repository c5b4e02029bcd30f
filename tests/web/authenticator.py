"""A device that keeps passkeys, in Python: what a browser would send to the server."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost"
_PRESENT, _VERIFIED, _WITH_KEY = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One passkey. `counts`: whether it counts its answers, which synced passkeys do not."""

    counts: bool = False
    verifies: bool = True
    origin: str = ORIGIN
    rp_id: str = "localhost"
    sign_count: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    user_handle: str = ""

    def create(self, options: dict[str, Any]) -> str:
        """The answer to being asked for a passkey."""
        self.user_handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        length = len(self.credential_id).to_bytes(2, "big")
        attested = bytes(16) + length + self.credential_id + public_key
        attestation = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._authenticator_data(_WITH_KEY) + attested,
        }
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", options["challenge"]),
            attestationObject=cbor2.dumps(attestation),
        )

    def get(self, options: dict[str, Any]) -> str:
        """The answer to being asked to sign in."""
        if self.counts:
            self.sign_count += 1
        data = self._authenticator_data()
        client_data = self._client_data("webauthn.get", options["challenge"])
        signed = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=signed,
            userHandle=_decoded(self.user_handle),
        )

    def _authenticator_data(self, more_flags: int = 0) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more_flags
        return (
            sha256(self.rp_id.encode()).digest()
            + bytes([flags])
            + self.sign_count.to_bytes(4, "big")
        )

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, **response: bytes) -> str:
        credential_id = _encoded(self.credential_id)
        return json.dumps(
            {
                "id": credential_id,
                "rawId": credential_id,
                "type": "public-key",
                "authenticatorAttachment": None,
                "clientExtensionResults": {},
                "response": {name: _encoded(value) for name, value in response.items()},
            }
        )


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
