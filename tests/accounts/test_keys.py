import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from assurance import clock
from assurance.accounts import clients, keys
from assurance.accounts.choices import Role
from assurance.accounts.models import ApiKey, Client
from assurance.errors import DomainError
from assurance.record.ledger import INSTALLATION, types
from assurance.record.models import RecordPayload
from tests.accounts_factories import ClientFactory, KeyFactory, UserFactory, grant_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return clock.now()


@pytest.fixture
def ines():
    """The integrator of credit-decisions."""
    user = UserFactory(username="ines")
    grant_to(user, Role.INTEGRATOR, "credit-decisions")
    return user


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act(*args, **kwargs)
    assert refusal.value.code == code
    return refusal.value


def test_a_key_is_shown_once_and_only_its_hash_is_kept(at, ines):
    client = ClientFactory()

    key, secret = keys.issue(client, by=ines, at=at)

    assert re.fullmatch(rf"cm_live_{key.key_id}_[0-9a-f]{{64}}", secret)
    kept = ApiKey.objects.filter(pk=key.pk).values().get()
    assert secret.rpartition("_")[2] not in str(kept)
    assert keys.look_up(secret, at=at) == key


def test_no_secret_reaches_the_record(at, ines):
    _, secret = keys.issue(ClientFactory(), by=ines, at=at)

    assert types(INSTALLATION) == ["key.issued"]
    body = bytes(RecordPayload.objects.get().body).decode()
    assert secret.rpartition("_")[2] not in body
    assert secret.split("_")[2] in body


def test_two_keys_live_side_by_side_and_never_three(at, ines):
    client = ClientFactory()
    first, _ = keys.issue(client, by=ines, at=at)
    keys.issue(client, by=ines, at=at)

    refused("too_many_keys", keys.issue, client, by=ines, at=at)
    keys.revoke(first, by=ines, at=at)
    keys.issue(client, by=ines, at=at)

    assert ApiKey.objects.filter(client=client).live(at).count() == 2


def test_the_database_refuses_a_third_living_key_even_without_the_verb():
    client = ClientFactory()
    KeyFactory(client=client, slot=1)
    KeyFactory(client=client, slot=2)

    for slot in (1, 2, 3):
        with pytest.raises(IntegrityError, match="apikey_"), transaction.atomic():
            KeyFactory(client=client, slot=slot)


def test_an_expired_key_makes_room_for_a_new_one(at, ines):
    client, soon = ClientFactory(), at + timedelta(days=1)
    keys.issue(client, by=ines, at=at, expires_at=soon)
    keys.issue(client, by=ines, at=at, expires_at=soon)

    keys.issue(client, by=ines, at=soon)

    assert ApiKey.objects.filter(client=client).live(soon).count() == 1


def test_unknown_wrong_revoked_and_expired_keys_are_all_nothing(at, ines):
    client, soon = ClientFactory(), at + timedelta(days=1)
    key, secret = keys.issue(client, by=ines, at=at, expires_at=soon)
    wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")

    assert keys.look_up(secret, at=at) == key
    assert keys.look_up(secret, at=soon) is None
    assert keys.look_up(wrong, at=at) is None
    assert keys.look_up("cm_live_0123456789abcdef_" + "0" * 64, at=at) is None
    for nonsense in ("", "cm_live_", "x" * 10_000, "cm_live_é_ñ", secret + "\n", secret.upper()):
        assert keys.look_up(nonsense, at=at) is None
    keys.revoke(key, by=ines, at=at)
    assert keys.look_up(secret, at=at) is None


def test_the_keys_of_an_inactive_client_are_nothing(at):
    key = KeyFactory(client=ClientFactory(active=False))

    assert keys.look_up(key.secret, at=at) is None


def test_reading_a_key_costs_one_query_by_index(at, django_assert_num_queries):
    key = KeyFactory()

    with django_assert_num_queries(1) as queries:
        keys.look_up(key.secret, at=at)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + queries.captured_queries[0]["sql"])
        assert "accounts_apikey_key_id" in str(cursor.fetchall())


def test_last_use_is_noted_at_most_once_a_minute(at, django_assert_num_queries):
    key = KeyFactory()
    keys.seen(key, at=at)
    key.refresh_from_db()

    with django_assert_num_queries(0):
        keys.seen(key, at=at + timedelta(seconds=59))
    keys.seen(key, at=at + timedelta(seconds=60))

    key.refresh_from_db()
    assert key.last_used_at == at + timedelta(seconds=60)


def test_a_key_that_leaked_is_flagged_once_and_nonsense_is_not(at):
    key = KeyFactory()

    keys.leaked(key.secret, at=at)
    keys.leaked(key.secret, at=at + timedelta(minutes=1))
    keys.leaked("cm_live_0123456789abcdef_" + "0" * 64, at=at)

    key.refresh_from_db()
    assert key.leaked_at == at
    assert types(INSTALLATION) == ["key.leaked"]


def test_a_key_is_revoked_once(at, ines):
    key = KeyFactory()
    keys.revoke(key, by=ines, at=at)

    refused("already_revoked", keys.revoke, key, by=ines, at=at)
    assert types(INSTALLATION) == ["key.revoked"]


def test_an_integrator_keeps_the_clients_of_their_workflows_only(at, ines):
    mine = clients.make("mine", ["credit-decisions"], ["cases:write"], by=ines, at=at)
    foreign = ClientFactory(workflows=["claims-letters"])
    wide = ClientFactory(workflows=[])

    refused("role_missing", clients.make, "wide", ["credit-decisions", "b"], [], by=ines, at=at)
    refused("role_missing", keys.issue, foreign, by=ines, at=at)
    refused("role_missing", keys.issue, wide, by=ines, at=at)
    refused(
        "role_missing",
        clients.change,
        mine,
        workflows=["credit-decisions", "claims-letters"],
        scopes=[],
        active=True,
        by=ines,
        at=at,
    )

    mine.refresh_from_db()
    assert mine.workflows == ["credit-decisions"]


def test_a_client_is_bound_to_known_scopes_only(at):
    refusal = refused("scope_unknown", clients.make, "x", ["a"], ["cases:delete"], by=None, at=at)

    assert "cases:delete" in refusal.sentence
    with pytest.raises(IntegrityError, match="client_scopes_known"), transaction.atomic():
        Client.objects.create(name="x", workflows=["a"], scopes=["cases:delete"])


def test_a_client_changes_on_the_record_and_with_history(at):
    client = clients.make(
        "scoring", ["b", "a", "a "], ["cases:write", "cases:read"], by=None, at=at
    )
    assert (client.workflows, client.scopes) == (["a", "b"], ["cases:read", "cases:write"])

    clients.change(client, workflows=["a"], scopes=[], active=False, by=None, at=at)

    assert types(INSTALLATION) == ["client.made", "client.changed"]
    assert client.history.count() == 2
    refused("client_exists", clients.make, "scoring", ["a"], [], by=None, at=at)
