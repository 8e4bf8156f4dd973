"""A security key in software: answers WebAuthn's options as a browser with a device would."""

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _NEW_KEY = 0x01, 0x04, 0x40


class SoftAuthenticator:
    """Holds one key. `count` is what a copied key would have wrong."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.count = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._key_id = secrets.token_bytes(16)

    def add(self, options: dict[str, Any]) -> str:
        """The answer to `options_to_add`, as the page's script writes it."""
        numbers = self._key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self._key_id).to_bytes(2) + self._key_id + cbor2.dumps(public)
        data = self._data(options["rp"]["id"], _NEW_KEY) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        signed = self._signed("webauthn.create", options)
        return self._answer(clientDataJSON=signed, attestationObject=attestation)

    def use(self, options: dict[str, Any]) -> str:
        """The answer to `options_to_use`."""
        self.count += 1
        data = self._data(options["rpId"], 0)
        signed = self._signed("webauthn.get", options)
        message = data + hashlib.sha256(signed).digest()
        signature = self._key.sign(message, ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=signed, authenticatorData=data, signature=signature)

    def _data(self, host: str, flags: int) -> bytes:
        set_flags = bytes([_PRESENT | _VERIFIED | flags])
        return hashlib.sha256(host.encode()).digest() + set_flags + self.count.to_bytes(4)

    def _signed(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _answer(self, **response: bytes) -> str:
        key_id = _text(self._key_id)
        return json.dumps(
            {
                "id": key_id,
                "rawId": key_id,
                "type": "public-key",
                "response": {name: _text(value) for name, value in response.items()},
                "clientExtensionResults": {},
            }
        )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
