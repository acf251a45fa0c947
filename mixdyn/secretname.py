"""
Which names look secret: those of passwords, keys, tokens, codes and their like, in any spelling.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

MASK = "***"

# How secret a name looks: 0 not at all, 1 for texts, 2 for numbers as well.
Grade = int

_LONG_NAME = 64

# In the name without separators, anywhere.
_ANYWHERE = (
    "password|passwd|passphrase|passcode|secret(?!ar)|credential|connectionstring|otpauth"
    "|sessid|jsessionid|samlre(?:quest|sponse)"
    "|(?:access|account|api|app|application|auth|client|decryption|encryption|license|master"
    "|private|root|server|service|session|shared|signing|signature|subscription)keys?(?!board)"
)
# At its end, perhaps with a number, or a word that says nothing, behind it.
_AT_END = (
    "(?:authorization|bearer|cookie|jwt|signature|token)s?(?:data|header|hint|string|value)?"
    "|(?:2fa|access|activation|auth|authori[sz]ation|backup|confirmation|device|exchange"
    "|invitation|invite|login|mfa|oauth|onetime|otp|recovery|reset|security|sms|totp|twofactor"
    "|user|verification)codes?"
    "|connectsid|pwd"
)
# Counts of what language models read and write.
_COUNTS = (
    "(?:accepted|audio|budget|cached?|completion|count|creation|estimated|generated|image|input"
    "|limit|max|min|new|num|number|numberof|output|prediction|prompt|reasoning|remaining|read"
    "|text|thinking|total|used)tokens$"
)
_LAST_WORDS = frozenset(
    {"assertion", "auth", "csrf", "cvc", "cvv", "hmac", "otp", "pass", "pin", "psk", "pwd"}
    | {"sig", "totp", "verifier", "xsrf"}
)
# `secret_name` and `password_expires_at` speak of secrets, and hold none.
_ABOUT = frozenset(
    {"algorithm", "at", "count", "enabled", "expiration", "expires", "expiry", "format", "length"}
    | {"limit", "method", "name", "names", "policy", "required", "scope", "scopes", "status"}
    | {"ttl", "type", "types", "version"}
)


def is_secret_name(name: str) -> bool:
    """
    Tell whether a header, parameter or property of this name holds a secret.

    `api_key`, `apiKey`, `X-API-Key` and `APIKEY` are the same. Of codes, only `code` alone, as
    OAuth has it, and those whose kind is known are secret: not `status_code` or `country_code`.
    """
    # Names may be a server's: what is remembered of them is bounded.
    return _judge(name) if len(name) <= _LONG_NAME else _judge.__wrapped__(name)


@lru_cache(maxsize=2048)
def _judge(name: str) -> bool:
    joined = "".join(filter(str.isalnum, name)).lower()
    secret, count, word = _patterns()
    words = [found.lower() for found in word.findall(name)]
    if words[:1] == ["x"]:  # as of headers
        words, joined = words[1:], joined[1:]
    if not words or words[-1] in _ABOUT or count.search(joined):
        return False
    return words == ["code"] or words[-1] in _LAST_WORDS or secret.search(joined) is not None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    secret = re.compile(f"{_ANYWHERE}|(?:{_AT_END})(?:v?[0-9]+)?$")
    # The words of camelCase, of UPPER_CASE and of what is neither.
    word = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\dA-Za-z_]+")
    return secret, re.compile(_COUNTS), word
