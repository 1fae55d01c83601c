"""API keys: issued once, known by their hash, read on every request, gone when revoked.

A key is `cm_live_<id>_<secret>`; the id finds the row in one indexed query, the SHA-256 of the
whole key decides. Nothing is cached, so a revoked key fails on the next request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from assurance.accounts.clients import require_keeper
from assurance.accounts.grants import actor_for
from assurance.accounts.models import ApiKey, Client, User
from assurance.errors import DomainError, invalid
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, record

PREFIX = "cm_live"
TWO_LIVE = 2
SEEN_EVERY = timedelta(minutes=1)
_KEY = re.compile(r"cm_live_([0-9a-f]{16})_([0-9a-f]{64})", re.ASCII)
_NOTHING = hashlib.sha256(b"no such key").hexdigest()


@transaction.atomic
def issue(
    client: Client, *, by: User | None, at: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is nowhere else and never shown again.

    Two may live side by side while a system moves from one to the other. 403 `role_missing`;
    409 `too_many_keys`; 422 `expiry_past`.
    """
    if expires_at is not None and expires_at <= at:
        raise invalid("/expires_at", "expiry_past", "The expiry is past. Choose a later moment.")
    client = Client.objects.select_for_update().get(pk=client.pk)
    require_keeper(client.workflows, by, at)
    unrevoked = ApiKey.objects.filter(client=client, revoked_at=None)
    unrevoked.filter(expires_at__lte=at).update(revoked_at=F("expires_at"))
    taken = set(unrevoked.values_list("slot", flat=True))
    if len(taken) >= TWO_LIVE:
        raise DomainError(
            "too_many_keys",
            f"{client.name} has two living keys. Revoke the one that is not used any more first.",
        )
    key_id, full = draw()
    key = ApiKey.objects.create(
        client=client,
        key_id=key_id,
        secret_sha256=hash_of(full),
        slot=1 if 1 not in taken else 2,
        created_at=at,
        expires_at=expires_at,
    )
    _record("key.issued", key, actor_for(by), at)
    return key, full


@transaction.atomic
def revoke(key: ApiKey, *, by: User | None, at: datetime) -> ApiKey:
    """Refuse a key from its next request on. 409 `already_revoked`."""
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("client").get(pk=key.pk)
    require_keeper(key.client.workflows, by, at)
    if key.revoked_at is not None:
        raise DomainError("already_revoked", "This key was revoked before. Nothing changed.")
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    _record("key.revoked", key, actor_for(by), at)
    return key


def look_up(full: str, *, at: datetime) -> ApiKey | None:
    """The living key of an active client, or None: unknown, wrong, revoked and expired alike."""
    match = _KEY.fullmatch(full)
    if match is None:
        return None
    key = ApiKey.objects.select_related("client").filter(key_id=match[1]).first()
    right = hmac.compare_digest(key.secret_sha256 if key else _NOTHING, hash_of(full))
    if key is None or not right or not key.client.active or key.revoked_at is not None:
        return None
    if key.expires_at is not None and key.expires_at <= at:
        return None
    return key


def seen(key: ApiKey, *, at: datetime) -> None:
    """Note the use of a key, at most once a minute; whoever is second does not wait."""
    if key.last_used_at is not None and key.last_used_at > at - SEEN_EVERY:
        return
    with transaction.atomic():
        stale = ApiKey.objects.filter(pk=key.pk).filter(
            Q(last_used_at=None) | Q(last_used_at__lte=at - SEEN_EVERY)
        )
        free = stale.select_for_update(skip_locked=True).values_list("pk", flat=True)
        ApiKey.objects.filter(pk__in=list(free)).update(last_used_at=at)


@transaction.atomic
def leaked(full: str, *, at: datetime) -> None:
    """Flag a real key that was sent in an address: proxies and logs have read it by now."""
    key = look_up(full, at=at)
    if key is None:
        return
    if ApiKey.objects.filter(pk=key.pk, leaked_at=None).update(leaked_at=at):
        _record("key.leaked", key, Actor.system("api"), at)


def draw() -> tuple[str, str]:
    """A new id and the whole key around it: 256 random bits."""
    key_id = secrets.token_hex(8)
    return key_id, f"{PREFIX}_{key_id}_{secrets.token_hex(32)}"


def hash_of(full: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(full.encode()).hexdigest()


def _record(type: str, key: ApiKey, actor: Actor, at: datetime) -> None:
    payload = {
        "client": key.client.name,
        "key": key.key_id,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }
    record(INSTALLATION, type, payload, actor=actor, at=at)
