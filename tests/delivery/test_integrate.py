"""The page of integration: who sees what, who may act, secrets shown once, text shown as text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from assurance import clock
from assurance.accounts.choices import Role
from assurance.accounts.models import ApiKey
from assurance.delivery import signing
from assurance.delivery.alerts import raise_alert
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.models import Alert, Endpoint
from tests.accounts_factories import ClientFactory, KeyFactory, UserFactory, grant_to
from tests.controls_factories import make_workflow
from tests.delivery_factories import EndpointFactory, promised, promised_to_all
from tests.receiver import Answer

pytestmark = pytest.mark.django_db

PAGE = "/integrate/"


def signed_in(client, *grants: tuple[str, str], **more):
    user = UserFactory(**more)
    for role, workflow in grants:
        grant_to(user, role, workflow)
    client.force_login(user)
    return user


@pytest.fixture
def ines(client):
    """Integrator of credit-decisions, signed in."""
    return signed_in(client, (Role.INTEGRATOR, "credit-decisions"), username="ines")


def everything(endpoint, delivery, alert) -> list[tuple[str, str]]:
    """Every act and page about one client, as (method, address)."""
    key = KeyFactory(client=endpoint.client)
    acts = [
        reverse("delivery:act_on_endpoint", args=[endpoint.pk, act])
        for act in ("rotate", "off", "on", "resend")
    ]
    return [
        ("get", delivery.get_absolute_url()),
        ("get", reverse("delivery:edit_endpoint", args=[endpoint.pk])),
        ("get", reverse("delivery:new_endpoint", args=[endpoint.client.pk])),
        ("post", reverse("delivery:issue_key", args=[endpoint.client.pk])),
        ("post", reverse("delivery:revoke_key", args=[key.pk])),
        ("post", reverse("delivery:resend", args=[delivery.pk])),
        ("post", reverse("delivery:close_alert", args=[alert.pk])),
        *(("post", act) for act in acts),
    ]


def a_client_at_work():
    endpoint = EndpointFactory(client=ClientFactory(name="scorecard"))
    delivery = promised(reference="CM-1")
    alert = raise_alert("x", "Something happened.", workflow="credit-decisions", at=clock.now())
    return endpoint, delivery, alert


def test_strangers_are_sent_to_the_login_and_people_without_the_role_are_told(client):
    assert client.get(PAGE).status_code == 302

    signed_in(client, (Role.REVIEWER, ""))
    answer = client.get(PAGE)

    assert answer.status_code == 403
    assert "Integrator" in answer.content.decode()


def test_a_keeper_of_another_workflow_finds_nothing_anywhere(client):
    endpoint, delivery, alert = a_client_at_work()
    signed_in(client, (Role.INTEGRATOR, "claims-letters"))

    page = client.get(PAGE).content.decode()

    assert "scorecard" not in page
    assert "CM-1" not in page
    assert "Something happened" not in page
    for method, url in everything(endpoint, delivery, alert):
        assert getattr(client, method)(url).status_code == 404, url


@pytest.mark.parametrize("who", ["superuser", "auditor"])
def test_superusers_and_auditors_read_everything_and_change_nothing(client, who):
    endpoint, delivery, alert = a_client_at_work()
    if who == "superuser":
        signed_in(client, superuser=True)
    else:
        signed_in(client, (Role.AUDITOR, ""))

    page = client.get(PAGE).content.decode()

    assert "scorecard" in page
    assert "Something happened" in page
    assert "Issue a key" not in page
    assert "Send again" not in page
    for method, url in everything(endpoint, delivery, alert)[1:]:
        assert getattr(client, method)(url).status_code == 403, url
    assert client.get(delivery.get_absolute_url()).status_code == 200


def test_who_keeps_only_one_of_its_workflows_sees_a_client_and_cannot_hand_out_its_keys(
    client, ines
):
    both = ClientFactory(name="both", workflows=["credit-decisions", "claims-letters"])

    assert "both" in client.get(PAGE).content.decode()
    answer = client.post(reverse("delivery:issue_key", args=[both.pk]))

    assert answer.status_code == 403
    assert "claims-letters" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_is_shown_once_and_works_then_is_revoked(client, ines):
    system = ClientFactory()

    answer = client.post(reverse("delivery:issue_key", args=[system.pk]), {"days": "90"})

    key = ApiKey.objects.get()
    page = answer.content.decode()
    assert f"cm_live_{key.key_id}_" in page
    assert answer["Cache-Control"] == "no-store"
    assert timedelta(days=89) < key.expires_at - clock.now() < timedelta(days=91)
    assert key.secret_sha256 not in client.get(PAGE).content.decode()

    client.post(reverse("delivery:revoke_key", args=[key.pk]))
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_an_endpoint_is_added_and_its_secret_shown_once(client, ines):
    system = ClientFactory()
    url = reverse("delivery:new_endpoint", args=[system.pk])

    answer = client.post(
        url,
        {
            "url": "https://bücher.example/hooks",
            "event_types": ["case.closed"],
            "headers": "X-Token: abc\nX-Team: risk",
        },
    )

    endpoint = Endpoint.objects.get()
    assert signing.unseal(endpoint.secret_sealed) in answer.content.decode()
    assert endpoint.headers == {"X-Token": "abc", "X-Team": "risk"}
    page = client.get(PAGE).content.decode()
    assert "bücher.example (xn--bcher-kva.example)" in page
    assert signing.unseal(endpoint.secret_sealed) not in page


def test_a_client_is_told_what_its_system_does_while_we_are_away(client, ines):
    make_workflow("credit-decisions")
    ClientFactory(workflows=["credit-decisions"])

    page = client.get("/integrate/").content.decode()

    assert "If Countermark is away" in page
    assert "<dd>Stop</dd>" in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("url", "http://hooks.example.com/", "Use https"),
        ("url", "file:///etc/passwd", "Use https"),
        ("url", "gopher://hooks.example.com/", "Use https"),
        ("url", "https://user:pw@hooks.example.com/", "user name or password"),
        ("url", "https://10.0.0.1/", "not public"),
        ("url", "https://2130706433/", "unusual form"),
        ("url", "https://hooks.example.com./", "ends in a dot"),
        ("url", "https://hooks.example.com:22/", "443 or 8443"),
        ("headers", "X-A: b\x0bX-Evil: c\nX-A: d", "X-A is there twice"),
        ("headers", "no colon", "no colon"),
        ("headers", "Host: evil", "set by Countermark"),
        ("secret", "whsec_QUJD", "24 to 64"),
        ("client_key", "/k.pem", "needs its certificate"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_nothing_typed_is_lost(
    client, ines, field, value, sentence
):
    system = ClientFactory()
    typed = {"url": "https://hooks.example.com/", "description": "Mine ✓"} | {field: value}

    answer = client.post(reverse("delivery:new_endpoint", args=[system.pk]), typed)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert f'id="id_{field}_error"' in page
    assert "Mine ✓" in page
    assert not Endpoint.objects.exists()


def test_an_endpoint_is_changed_rotated_switched_off_and_on(client, ines):
    endpoint = EndpointFactory()
    edit = reverse("delivery:edit_endpoint", args=[endpoint.pk])

    assert endpoint.url in client.get(edit).content.decode()
    client.post(edit, {"url": "https://new.example.com/", "description": "Moved"})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.description) == ("https://new.example.com/", "Moved")

    def act(name: str):
        answer = client.post(reverse("delivery:act_on_endpoint", args=[endpoint.pk, name]))
        endpoint.refresh_from_db()
        return answer

    rotated = act("rotate").content.decode()
    assert signing.unseal(endpoint.secret_sealed) in rotated
    assert "two signatures" in rotated
    act("off")
    assert not endpoint.active
    act("on")
    assert endpoint.active


def test_failures_come_first_and_a_resend_is_one_button(client, ines, receiver, dispatched):
    EndpointFactory(url=receiver.url)
    receiver.script = [Answer(500)]
    failed = promised("case-1", reference="CM-7")
    dispatched()
    promised("case-2", reference="CM-8")
    dispatched()

    page = client.get(PAGE).content.decode()
    assert "CM-7" in page
    assert "CM-8" not in page, "what went well is behind the filter"
    assert "CM-8" in client.get(PAGE, {"show": "all"}).content.decode()

    client.post(reverse("delivery:resend", args=[failed.pk]))
    dispatched()

    failed.refresh_from_db()
    assert failed.status == DeliveryStatus.DELIVERED
    assert receiver.ids().count(failed.webhook_id) == 2


def test_what_a_receiver_answers_is_shown_as_text(client, ines, receiver, dispatched):
    EndpointFactory(url=receiver.url)
    receiver.script = [Answer(500, {"X-A": "<b>"}, b"<script>alert(1)</script>")]
    delivery = promised(title="<img src=x onerror=alert(1)>")
    dispatched()

    page = client.get(delivery.get_absolute_url()).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "webhook-signature: v1," in page


def test_an_alert_is_closed_by_a_keeper(client, ines):
    *_, alert = a_client_at_work()

    client.post(reverse("delivery:close_alert", args=[alert.pk]))

    alert.refresh_from_db()
    assert alert.closed_by == ines
    assert not Alert.objects.open().exists()
    assert "Something happened" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "show=nonsense",
        "endpoint=abc",
        "endpoint=99999999999999999999",
        "before=-1",
        "before=9" + "9" * 300,
        "case=" + "x" * 5000,
        "case=%25_%5C",
        "show=dead&show=all",
    ],
)
def test_no_filter_makes_the_page_stumble(client, ines, query):
    a_client_at_work()

    assert client.get(f"{PAGE}?{query}").status_code == 200


def test_older_deliveries_are_a_page_away(client, ines):
    EndpointFactory()
    for n in range(60):
        promised(f"case-{n}", reference=f"CM-{n:03}")

    first = client.get(PAGE, {"show": "all"})
    older = client.get(first.context["pager"]["next"].partition("#")[0])

    assert "CM-059" in first.content.decode()
    assert "CM-009" not in first.content.decode()
    assert "CM-009" in older.content.decode()
    assert older.context["pager"]["next"] is None


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client, ines, django_assert_max_num_queries
):
    def fill(count: int) -> None:
        for _ in range(count):
            endpoint = EndpointFactory()
            KeyFactory(client=endpoint.client)
        for n in range(count):
            promised_to_all(f"case-{n}", reference=f"CM-{n}")

    fill(2)
    with django_assert_max_num_queries(60) as few:
        client.get(PAGE, {"show": "all"})
    fill(12)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(PAGE, {"show": "all"})


def test_the_first_call_names_a_workflow_of_the_reader(client, ines):
    ClientFactory(workflows=["claims-letters", "credit-decisions"])

    page = client.get(PAGE).content.decode()

    assert "/api/v1/cases/" in page
    assert "&quot;workflow&quot;: &quot;credit-decisions&quot;" in page
