"""Tokens of sessions and withdrawal codes. Nobody can guess them, and the database keeps digests only."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no two look alike
CODE_LETTERS = 12  # 60 bits
TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_secret() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(32)


def derive(secret: bytes, *parts: str) -> bytes:
    """32 bytes that nobody can tell from random ones without the secret."""
    return hmac.digest(secret, "\0".join(parts).encode(), "sha256")


def opaque_name(secret: bytes, *parts: str) -> str:
    """128 bits of `derive` as 22 letters that can stand in an address."""
    return urlsafe_b64encode(derive(secret, *parts)[:16]).decode().rstrip("=")


def session_token(secret: bytes, key: str) -> str:
    """The token of the session that was asked for under `key`: asking again after a lost reply gives the same."""
    return opaque_name(secret, "session", key)


def withdrawal_code(token: str) -> str:
    """The readable code of a session, for instance K7QF-2M9D-XW3T; it does not lead back to the token."""
    number = int.from_bytes(derive(token.encode(), "withdrawal code")[:8]) >> 4
    letters = "".join(LETTERS[number >> 5 * place & 31] for place in range(CODE_LETTERS))
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LETTERS, 4))


def plain_code(typed: str) -> str:
    """A code as it was meant: any case, with or without dashes and spaces, O for 0, I or L for 1."""
    letters = re.sub(r"[\s\-\u2010-\u2015]", "", typed).upper()
    letters = letters.translate(str.maketrans("OIL", "011"))
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def digest(text: str) -> str:
    """What the database keeps of a token or a code."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
