"""The late answer of an external verifier, by the token that came with the question."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.api.parsing import read_body, require_json
from assurance.controls.models import CheckRun
from assurance.delivery.network import LONGEST_REPLY
from assurance.errors import DomainError
from reviews import verifying
from reviews.answers import moment
from reviews.api import nouns

SCHEME = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`, the token of the very question that the address names. 401 for
    all else, one text for unknown, foreign and missing."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, CheckRun]:
        named = request.parser_context["kwargs"]["check_run_id"]
        run = CheckRun.objects.filter(pk=run_id_of(named)).first()
        if run is None or not verifying.is_token_of(run, token_of(request)):
            raise verifying.unknown_token()
        return AnonymousUser(), run

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class TokenScheme(OpenApiAuthenticationExtension):
    """How the token is described."""

    target_class = TokenAuthentication
    name = "VerificationToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The single-use `answer.token` of one question to a verifier.",
        }


class HoldsToken(BasePermission):
    """Whoever was authenticated by the token of a question."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, CheckRun)


class VerificationView(APIView):
    """POST /api/v1/verifications/{check_run_id}/: the answer that a 202 announced."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [HoldsToken]

    @extend_schema(
        operation_id="verifications_answer",
        request=nouns.VerificationRequest,
        responses=nouns.answers({200: nouns.VerificationAnswer}, 400, 401, 409, 413, 415, 422),
    )
    def post(self, request: Request, check_run_id: str) -> Response:
        try:
            data = read_body(request._request, max_bytes=LONGEST_REPLY)
        except DomainError:
            data = b" " * LONGEST_REPLY  # too large: judged like every other answer that is none
        else:
            if data:
                require_json(request._request)
        run = verifying.take_answer(
            run_id_of(check_run_id), token_of(request), data, at=clock.now()
        )
        return Response(
            {
                "check_run_id": str(run.id),
                "outcome": run.outcome,
                "reason_code": run.reason_code,
                "answered_at": moment(run.answered_at),
            }
        )


def token_of(request: Request) -> str:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == SCHEME.lower() else ""


def run_id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise verifying.unknown_token() from None
