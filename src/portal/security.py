"""Secrets: signed values, opaque identifiers, encryption at rest, passwords. Each key list is newest first, so that a
key can be rotated: the first one signs and encrypts, all of them verify and decrypt."""

import hashlib
import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from itsdangerous import BadSignature, Signer

from portal.settings import Settings

OPAQUE_LENGTH = 22
NONCE_BYTES = 12
LINK = "link"  # the purpose that e-mailed links are signed for, and the cookie they turn into


class Keyring:
    """Every secret operation of the portal, by purpose. Purposes never share a derived key."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = [key.get_secret_value().encode() for key in settings.secret_keys]
        data = [key.get_secret_value().encode() for key in settings.data_keys]
        self._vault = MultiFernet([Fernet(urlsafe_b64encode(_derive(key, "vault"))) for key in data])
        self._lookups = [_derive(key, "lookup") for key in data]
        # Each identifier is one block: a mode that chains blocks has nothing to chain.
        self._opaque = [Cipher(algorithms.AES256(_derive(key, "opaque")), modes.ECB()) for key in data]  # noqa: S305
        self._safes = [AESGCM(_derive(key, "files")) for key in data]
        self._signers: dict[str, Signer] = {}
        self._csrf = [_derive(key, "csrf") for key in self._secrets]

    def signer(self, purpose: str) -> Signer:
        """An itsdangerous signer bound to `purpose`."""
        if purpose not in self._signers:
            self._signers[purpose] = Signer(self._secrets[::-1], salt=purpose, digest_method=hashlib.sha256)
        return self._signers[purpose]

    def unsign(self, purpose: str, value: str) -> str | None:
        """The value that was signed for `purpose`, or None when the signature is not ours."""
        try:
            return self.signer(purpose).unsign(value).decode()
        except (BadSignature, UnicodeError):
            return None

    def stamps(self, purpose: str, value: str, length: int) -> list[bytes]:
        """The first bytes of the signatures of `value`, newest key first: for codes that people type, where a whole
        signature is too long. Guessing one must be slowed down."""
        signer = self.signer(purpose)
        keys = [signer.derive_key(key) for key in reversed(signer.secret_keys)]
        return [signer.algorithm.get_signature(key, value.encode())[:length] for key in keys]

    def encrypt(self, text: str) -> bytes:
        """Ciphertext for a column (NIR, TOTP secret…)."""
        return self._vault.encrypt(text.encode())

    def decrypt(self, ciphertext: bytes) -> str:
        """The text back; raises `cryptography.fernet.InvalidToken` when no key opens it."""
        return self._vault.decrypt(ciphertext).decode()

    def seal(self, content: bytes, label: str) -> bytes:
        """A file's ciphertext (AES-256-GCM after its nonce), which opens under the same `label` alone: a file put in
        another's place does not open."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._safes[0].encrypt(nonce, content, label.encode())

    def unseal(self, sealed: bytes, label: str) -> bytes:
        """The content back. Raises `cryptography.exceptions.InvalidTag` when no key opens it under `label`."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for safe in self._safes[:-1]:
            with suppress(InvalidTag):
                return safe.decrypt(nonce, body, label.encode())
        return self._safes[-1].decrypt(nonce, body, label.encode())

    def lookup(self, text: str) -> str:
        """Keyed hash to store beside an encrypted value, so that it can be found."""
        return self.lookups(text)[0]

    def lookups(self, text: str) -> list[str]:
        """The hashes under which a value may be stored, newest key first: to search with, also while keys rotate."""
        return [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in self._lookups]

    def conceal(self, kind: str, ids: Iterable[int]) -> list[str]:
        """Opaque URL identifiers of rows (R-62): one AES block of the kind's tag and the row's id, 22 characters."""
        tag = _tag(kind)
        blocks = b"".join(tag + row.to_bytes(8, "big") for row in ids)
        sealed = self._opaque[0].encryptor().update(blocks)
        return [urlsafe_b64encode(sealed[at : at + 16])[:OPAQUE_LENGTH].decode() for at in range(0, len(sealed), 16)]

    def reveal(self, kind: str, opaque: str) -> int | None:
        """The row's id behind an opaque identifier, or None when it was not made by `conceal` for this kind."""
        try:
            block = urlsafe_b64decode(opaque.encode("ascii") + b"==")
        except (ValueError, UnicodeError):
            return None
        if len(opaque) != OPAQUE_LENGTH or len(block) != 16:
            return None
        plain = (cipher.decryptor().update(block) for cipher in self._opaque)
        return next((int.from_bytes(row[8:], "big") for row in plain if row[:8] == _tag(kind)), None)

    def csrf_token(self, binding: str) -> str:
        """A token for forms, bound to a session. Masked anew each time, so that compression leaks nothing (BREACH)."""
        mask = secrets.token_bytes(32)
        return urlsafe_b64encode(mask + _xor(mask, _mac(self._csrf[0], binding))).decode()

    def csrf_matches(self, binding: str, token: str) -> bool:
        """Whether `token` was made for `binding`, in constant time."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (ValueError, UnicodeError):
            return False
        given = _xor(raw[:32], raw[32:]) if len(raw) == 64 and len(token) == 88 else b""
        return any(hmac.compare_digest(given, _mac(key, binding)) for key in self._csrf)


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"portal.{purpose}".encode(), hashlib.sha256).digest()


def _tag(kind: str) -> bytes:
    return hashlib.sha256(kind.encode()).digest()[:8]


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _hasher.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Argon2id, with OWASP's minimum of 19 MiB, t=2, p=1. Slow on purpose: call it off the event loop."""
    return _hasher.hash(_bytes_of(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one hashed. An unknown account (None) costs the same time.

    Slow: call it off the event loop.
    """
    try:
        return _hasher.verify(password_hash or _NOBODY, _bytes_of(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def _bytes_of(password: str) -> bytes:
    """One form for what keyboards compose differently (NFC), the same when set and when verified; nothing is cut."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


class OneTimeCode(pyotp.TOTP):
    """Time-based codes of 30 seconds. Secrets made elsewhere may be as short as 80 bits; ours are longer."""

    min_secret_length_bits = 80

    def step_of(self, code: str, now: datetime) -> int | None:
        """The number of the 30-second step that shows this code: this one, or one early or late; None for another."""
        step = int(now.timestamp()) // self.interval
        near = (step, step - 1, step + 1)
        return next((each for each in near if self.verify(code, for_time=each * self.interval)), None)


def new_token() -> str:
    """256 random bits, for cookies and links."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """What is stored of a token: its SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def luhn_digit(digits: str) -> str:
    """The Luhn check digit of a run of digits."""
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def new_identifier() -> str:
    """A random account identifier: nine digits (the first not zero) and their Luhn check digit."""
    digits = str(100_000_000 + secrets.randbelow(900_000_000))
    return digits + luhn_digit(digits)


def is_identifier(text: str) -> bool:
    """Whether `text` is ten digits with the right check digit."""
    return len(text) == 10 and text.isascii() and text.isdecimal() and luhn_digit(text[:-1]) == text[-1]


# No 0, 1, I, L, O or U: a reference is read aloud on the telephone.
_REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """Like « D-7K3F-9QXM »: random, so that it counts nobody's cases."""
    letters = "".join(secrets.choice(_REFERENCE_LETTERS) for _ in range(8))
    return f"D-{letters[:4]}-{letters[4:]}"
