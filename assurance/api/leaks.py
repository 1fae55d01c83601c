"""Keys that travelled in an address, where proxies and logs read them. The room that owns the keys
registers what is then to be done with one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from assurance.errors import DomainError

log = logging.getLogger(__name__)

_KEY = re.compile(r"cm_(?:live|test)_[A-Za-z0-9]+_[A-Za-z0-9_\-]+", re.ASCII)
_flag: Callable[[str], None] | None = None


def register(flag: Callable[[str], None]) -> None:
    """Called once, from `AppConfig.ready()`: `flag(key)` marks a key as leaked, if it is one."""
    global _flag
    _flag = flag


def refuse_key_in(address: str) -> None:
    """400 `key_in_url` for an address with a key in it, after the key was flagged."""
    if "cm_" not in address and "%" not in address:
        return
    found = _KEY.search(unquote_plus(address))
    if found is None:
        return
    if _flag:
        try:
            _flag(found[0])
        except Exception:
            log.exception("a key in an address could not be flagged")
    raise DomainError(
        "key_in_url",
        "An API key stands in the address, where proxies and logs read it. Replace that key, and"
        " send the new one as `Authorization: Api-Key …` only.",
        status=400,
    )
