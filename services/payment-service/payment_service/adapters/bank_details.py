"""Bank details sealed at rest, and the file that a bank takes: ISO 20022 pain.001.001.03."""

import base64
import functools
import hashlib
import hmac
import importlib.util
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from crowdloom.kernel import Currency
from cryptography.fernet import Fernet
from defusedxml.ElementTree import fromstring

from payment_service.application.bank_files import FileLine, OwnAccount
from payment_service.domain.iban import shown
from payment_service.domain.people import BankDetails

_SCHEMA = "pain.001.001.03"
_NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{_SCHEMA}"
_MARK_CHARACTERS = 24
# The service level SEPA is for euro alone.
_SEPA_CURRENCY = "EUR"


class BankDetailsBox:
    """Seals with a key of its own, made of the service's."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(b"bank details\n" + key.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(self._key))

    def seal(self, *, holder: str, iban: str) -> BankDetails:
        sealed = self._box.encrypt(iban.encode()).decode()
        return BankDetails(holder=holder, sealed=sealed, shown=shown(iban))

    def iban_of(self, details: BankDetails) -> str:
        return self._box.decrypt(details.sealed.encode()).decode()

    def mark_of(self, *, holder: str, iban: str) -> str:
        """Stands for these details where they must not be read: other details, another mark."""
        text = json.dumps([holder, iban]).encode()
        return f"iban_{hmac.new(self._key, text, 'sha256').hexdigest()[:_MARK_CHARACTERS]}"


class Pain001:
    """Writes the file and checks it against the standard's schema. Blocks for a second at first."""

    def write(
        self,
        lines: Sequence[FileLine],
        *,
        own: OwnAccount,
        currency: Currency,
        message_id: str,
        at: datetime,
    ) -> bytes:
        # Loaded where it is needed: every process would wait for it at its start.
        from sepaxml import SepaTransfer

        account = {"name": own.holder, "IBAN": own.iban, "currency": currency.code, "batch": True}
        if own.bic:
            account["BIC"] = own.bic
        transfer = SepaTransfer(
            {**account, "domestic": currency.code != _SEPA_CURRENCY}, schema=_SCHEMA
        )
        for line in lines:
            transfer.add_payment(
                {
                    "name": line.holder,
                    "IBAN": line.iban,
                    "amount": line.amount.minor,
                    "execution_date": at.date(),
                    "description": line.text,
                    "endtoend_id": line.item_id,
                }
            )
        document = _named(transfer.export(validate=False), message_id=message_id, at=at)
        _schema().validate(document.decode())
        return document


def _named(document: bytes, *, message_id: str, at: datetime) -> bytes:
    """With names of our own, so that the same lines make the same file."""
    root = fromstring(document)
    ET.register_namespace("", _NAMESPACE)
    for tag, text in (
        ("MsgId", message_id),
        ("PmtInfId", message_id),
        ("CreDtTm", f"{at:%Y-%m-%dT%H:%M:%S}"),
    ):
        for found in root.iter(f"{{{_NAMESPACE}}}{tag}"):
            found.text = text
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


@functools.cache
def _schema() -> Any:
    from xmlschema import XMLSchema

    package = importlib.util.find_spec("sepaxml")
    if package is None or package.origin is None:
        raise ImportError("sepaxml is not installed")
    return XMLSchema(Path(package.origin).parent / "schemas" / f"{_SCHEMA}.xsd")
