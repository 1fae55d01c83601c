"""Endpoints and promised webhooks for tests. The default is the commonest state."""

from __future__ import annotations

from typing import Any

from factory import LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from assurance import clock
from assurance.delivery import outbox, signing
from assurance.delivery.models import Delivery, Endpoint
from assurance.record.ledger import Stream
from tests.accounts_factories import ClientFactory

WORKFLOW = "credit-decisions"


class EndpointFactory(DjangoModelFactory):
    """An endpoint that hears everything of credit-decisions. `endpoint.secret` is in clear."""

    class Meta:
        model = Endpoint

    client = SubFactory(ClientFactory)
    url = Sequence("https://hooks-{}.example.com/".format)
    created_at = LazyFunction(clock.now)

    @classmethod
    def _create(cls, model_class: type[Endpoint], *args: Any, **kwargs: Any) -> Endpoint:
        secret = kwargs.pop("secret", None) or signing.new_secret()
        kwargs["secret_sealed"] = signing.seal(secret)
        endpoint: Any = super()._create(model_class, *args, **kwargs)
        endpoint.secret = secret
        return endpoint


def promised(case: str = "case-1", type: str = "case.closed", **data: Any) -> Delivery:
    """One webhook about a case, promised to the only endpoint that there is."""
    (delivery,) = promised_to_all(case, type, **data)
    return delivery


def promised_to_all(case: str = "case-1", type: str = "case.closed", **data: Any) -> list[Delivery]:
    """One webhook about a case, promised to everybody who hears of it."""
    return outbox.promise(
        type,
        {"id": case, **data},
        workflow=WORKFLOW,
        stream=Stream.case(case),
        at=clock.now(),
    )
