"""Addresses for those who run the installation, and for browsers that refused something. Also the
last entry of the API: whatever no room has claimed below /api/."""

from __future__ import annotations

import hmac
import json
import logging
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, path, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from django_prometheus.exports import ExportToDjangoView  # type: ignore[import-untyped]

from assurance import clock
from assurance.api import life, parsing, problems, throttling
from assurance.api.callers import address_of
from assurance.api.models import CspReport
from assurance.errors import DomainError

log = logging.getLogger(__name__)

REPORT_BYTES = 64 * 1024
REPORTS_PER_MINUTE = 60
LOOPBACK = {"127.0.0.1", "::1"}


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives. Asks nobody else, so that a lost database restarts no web process."""
    return JsonResponse({"status": "ok"})


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where this process may be sent traffic, 503 with the reason where not."""
    ready, checks = life.readiness()
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for this machine or with `Authorization: Bearer <token>`."""
    if not _may_scrape(request):
        raise DomainError(
            "permission_denied",
            "Metrics are read on this machine, or with COUNTERMARK_METRICS_TOKEN as Bearer token.",
            status=403,
        )
    return ExportToDjangoView(request)


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.COUNTERMARK_METRICS_TOKEN
    scheme, _, sent = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return hmac.compare_digest(sent.strip().encode(), token.encode())
    # Behind a proxy on this machine every stranger seems to come from here.
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    return not forwarded and request.META.get("REMOTE_ADDR") in LOOPBACK


@csrf_exempt
@require_POST
def csp_reports(request: HttpRequest) -> HttpResponse:
    """What a browser refused to load: kept and logged, without queries, which may hold names."""
    if throttling.count(f"csp:{address_of(request)}", 60) > REPORTS_PER_MINUTE:
        raise problems.too_many(60)
    try:
        sent = json.loads(parsing.read_body(request, max_bytes=REPORT_BYTES))
    except (ValueError, RecursionError):
        sent = None
    for report in _reports(sent):
        row = CspReport.objects.create(received_at=clock.now(), **report)
        log.warning("content security policy: %s", row)
    return HttpResponse(status=204)


def _reports(sent: Any) -> list[dict[str, str]]:
    """Both forms that browsers send: `{"csp-report": {…}}` and a list of `{"body": {…}}`."""
    if isinstance(sent, dict):
        bodies = [sent.get("csp-report")]
    else:
        bodies = (
            [one.get("body") for one in sent if isinstance(one, dict)]
            if isinstance(sent, list)
            else []
        )
    return [_report(body) for body in bodies[:20] if isinstance(body, dict)]


def _report(body: dict[str, Any]) -> dict[str, str]:
    def first(*names: str) -> str:
        found = next((body[name] for name in names if isinstance(body.get(name), str)), "")
        return found.replace("\0", "").encode("utf-8", "replace").decode()

    return {
        "directive": first("effective-directive", "violated-directive", "effectiveDirective")[:200],
        "blocked": _address(first("blocked-uri", "blockedURL"))[:500],
        "document": _address(first("document-uri", "documentURL"))[:500],
        "source": _address(first("source-file", "sourceFile"))[:500],
    }


def _address(text: str) -> str:
    try:
        scheme, host, place, _, _ = urlsplit(text)
    except ValueError:
        return ""
    return urlunsplit((scheme, host, place, "", "")) or text.partition("?")[0]


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 as a problem document, with the address that was probably meant."""
    sentence = "There is no such endpoint. /api/docs/ lists them all."
    if _is_endpoint(f"{request.path_info}/"):
        sentence = f"There is no such endpoint. Did you mean {request.path_info}/ (with a slash)?"
    return problems.problem(DomainError("not_found", sentence, status=404))


def _is_endpoint(address: str) -> bool:
    try:
        return resolve(address).func is not nothing_here
    except Resolver404:
        return False


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("csp-reports/", csp_reports, name="csp-reports"),
    path("api/", nothing_here),
    path("api/<path:rest>", nothing_here),
]
