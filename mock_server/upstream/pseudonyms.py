"""Neutral names of the same form, the same ones for the same names wherever they stand."""

import hmac
import re
import unicodedata
from collections.abc import Callable
from hashlib import sha3_256
from uuid import UUID

_KEPT = r"\{[^{}]*\}|arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:|(?<=:)(?:role|key|alias)/"
"""Variables, and what every name of a kind begins with."""
_PART = re.compile(rf"({_KEPT})|([^\W\d_]+)|([0-9]+)")
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_NEIGHBOURS = 12
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(:[0-9]*)?")
_KNOWN_SUFFIXES = (".amazonaws.com", ".snowflakecomputing.com", ".windows.net", ".databricks.com", ".databricks.net")
"""The domains of providers, which say nothing of their customers."""
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_NAMES_IN_TEXT = re.compile(
    rf"(?P<kept>{_UUID.pattern})"
    r"|(?P<url>[a-z][a-z0-9+.-]*://[^\s'\"<>,;]+)"
    r"|(?P<quoted>'[^'\n]{1,300}'|\"[^\"\n]{1,300}\"|`[^`\n]{1,300}`)"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<address>\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b)"
    r"|(?P<host>\b(?:[a-z0-9_-]+\.)+[a-z]{2,24}\b)"
    r"|(?P<name>\barn:\S+|\b[0-9]{12}\b)",
    re.IGNORECASE,
)
_SHORTEST_KNOWN = 3
_TIMESTAMP = 80
_BELOW_TIMESTAMP = (1 << _TIMESTAMP) - 1
_VERSION_AND_VARIANT = (0xF << 76) | (0b11 << 62)
_TIME_ORDERED = 7


class Pseudonyms:
    """Replaces names; without the secret nobody can tell which."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._of: dict[str, str] = {}
        self._taken: dict[str, str] = {}

    def name(self, text: str) -> str:
        """Another name: letters for letters, digits for digits, everything else as it is."""
        return self._once(text, self._spelled)

    def keep(self, text: str) -> None:
        """Let a text stay as it is wherever it stands."""
        self._of[text] = text

    def host(self, text: str) -> str:
        """Another host, with its port if it has one."""
        match = _HOST_AND_PORT.fullmatch(text)
        if match is None:
            return self.name(text)
        return self._once(match[1], self._host) + (match[2] or "")

    def url(self, text: str) -> str:
        """Another URL of the same scheme and port."""
        match = _URL.fullmatch(text)
        if match is None:
            return self.name(text)
        is_web = match[1].lower() in ("http://", "https://")
        return match[1] + (self.host(match[2]) if is_web else self.name(match[2])) + self.name(match[3])

    def text(self, text: str) -> str:
        """A sentence, in which what looks like a name, or has been replaced elsewhere, is replaced."""
        replaced = _NAMES_IN_TEXT.sub(self._found, text)
        for known in sorted(self._of, key=len, reverse=True):
            if len(known) >= _SHORTEST_KNOWN and known in replaced:
                replaced = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", lambda match: self._of[match[0]], replaced)
        return replaced

    def ids(self, text: str) -> str:
        """A text with other ids, which sort as they did where they begin with a time."""
        return _UUID.sub(lambda match: str(self._id(UUID(match[0]))), text)

    def _once(self, text: str, make: Callable[[str, int], str]) -> str:
        if text not in self._of:
            attempt, made = 0, make(text, 0)
            # Two names stay two names, unless there are none left of this form.
            while self._taken.get(made, text) != text and attempt < len(_CONSONANTS):
                attempt += 1
                made = make(text, attempt)
            self._of[text] = made
            self._taken[made] = text
        return self._of[text]

    def _spelled(self, text: str, attempt: int) -> str:
        def other(match: re.Match[str]) -> str:
            if match[1] is not None:
                return match[1]
            return self._word(match[2], attempt) if match[2] is not None else self._digits(match[3], attempt)

        return _PART.sub(other, text)

    def _host(self, text: str, attempt: int) -> str:
        # Addresses that are set aside for examples.
        if text.startswith("["):
            return f"[2001:db8::{self._number(text, attempt):x}]"
        if _IPV4.fullmatch(text):
            return f"192.0.2.{self._number(text, attempt)}"
        if text == "localhost":
            return text
        suffix = next((each for each in _KNOWN_SUFFIXES if text.endswith(each)), None)
        if suffix is None:
            suffix = "".join(text.rpartition(".")[1:]) if "." in text else ""
        return self._spelled(text.removesuffix(suffix), attempt) + suffix

    def _number(self, text: str, attempt: int) -> int:
        return 1 + self._draw(text, attempt)[0] % 254

    def _word(self, letters: str, attempt: int) -> str:
        drawn = self._draw(letters.lower(), attempt)
        made = []
        for place, letter in enumerate(letters):
            choice = drawn[place % len(drawn)] + place // len(drawn)
            if letter.isascii():
                alphabet = _VOWELS if place % 2 else _CONSONANTS
                other = alphabet[choice % len(alphabet)]
                made.append(other.upper() if letter.isupper() else other)
            else:
                alphabet = _relatives(letter)
                made.append(alphabet[choice % len(alphabet)])
        return "".join(made)

    def _digits(self, digits: str, attempt: int) -> str:
        drawn = self._draw(digits, attempt)
        return "".join(str(drawn[place % len(drawn)] % 10) for place in range(len(digits)))

    def _id(self, known: UUID) -> UUID:
        drawn = int.from_bytes(self._draw(str(known), 0)[:16])
        kept = _VERSION_AND_VARIANT | (~_BELOW_TIMESTAMP if known.version == _TIME_ORDERED else 0)
        return UUID(int=(known.int & kept) | (drawn & ~kept & ((1 << 128) - 1)))

    def _found(self, match: re.Match[str]) -> str:
        text = match[0]
        match match.lastgroup:
            case "url":
                return self.url(text)
            case "quoted":
                return text[0] + (self.url(text[1:-1]) if "://" in text else self.name(text[1:-1])) + text[-1]
            case "mail":
                local, _, domain = text.partition("@")
                return f"{self.name(local)}@{self.host(domain)}"
            case "address" | "host":
                return self.host(text)
            case "name":
                return self.name(text)
        return text

    def _draw(self, text: str, attempt: int) -> bytes:
        return hmac.digest(self._secret, f"{attempt}:{text}".encode(), sha3_256)


def _relatives(letter: str) -> str:
    """Letters of the same alphabet and kind, those nearby."""
    alphabet, kind = unicodedata.name(letter, "").partition(" ")[0], unicodedata.category(letter)
    near = map(chr, range(ord(letter) - _NEIGHBOURS, ord(letter) + _NEIGHBOURS))
    same = (each for each in near if unicodedata.category(each) == kind)
    return "".join(each for each in same if unicodedata.name(each, "").startswith(alphabet)) or letter
