"""The admin's start page: a dozen entries in four plain groups, in place of a list of tables.

Entries name addresses, not modules, so rooms above stand here without being imported. An entry is
shown to whoever may open it. Tables of libraries, and records that are only read, are in no entry
or behind one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from assurance import clock
from assurance.accounts import roles


@dataclass(frozen=True)
class Entry:
    """One line of the start page. `model` (`app.name`) is a table of the admin; without it the
    address is a page of ours. `item` says which drafts it tells of. `more` are quieter links."""

    label: str
    says: str
    model: str = ""
    url_name: str = ""
    item: str = ""
    more: tuple[tuple[str, str], ...] = ()


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "What AI may do",
        (
            Entry(
                "Workflows",
                "Each AI use: owner, builders, schemas, what happens if nobody answers.",
                model="controls.workflow",
            ),
            Entry(
                "Specifications",
                "The intent of a workflow: purpose, boundaries, declared actions.",
                url_name="controls_specifications",
                item="specification",
            ),
            Entry(
                "Controls",
                "Safeguards: when they speak, what they order.",
                url_name="controls_controls",
                item="control",
                more=(
                    ("Control sets", "controls.controlset"),
                    ("Versions", "controls.controlversion"),
                ),
            ),
            Entry(
                "Waivers",
                "Controls that are let pass for some cases, for a while.",
                url_name="controls_waivers",
                item="waiver",
            ),
        ),
    ),
    (
        "Where cases go",
        (
            Entry(
                "Routing rules",
                "Which queue takes what, first match wins.",
                url_name="controls_rules",
                item="rule",
            ),
            Entry(
                "Queues",
                "Members, service level, guideline.",
                model="reviews.queue",
                more=(("Cases", "reviews.case"), ("Decisions", "reviews.decision")),
            ),
            Entry(
                "Decision policies",
                "What may be decided in a queue, and how much must be said.",
                url_name="controls_policies",
                item="queue_policy",
            ),
        ),
    ),
    (
        "Who decides",
        (
            Entry(
                "People",
                "Humans and the accounts they sign in with.",
                model="accounts.person",
                more=(("Accounts", "accounts.user"),),
            ),
            Entry("Grants", "Who holds which role, where, until when.", model="accounts.grant"),
        ),
    ),
    (
        "Who connects",
        (
            Entry(
                "Clients and keys",
                "Systems that post cases.",
                model="accounts.client",
                more=(("All keys", "accounts.apikey"),),
            ),
            Entry(
                "Endpoints",
                "Where webhooks go.",
                model="delivery.endpoint",
                more=(("Deliveries", "delivery.delivery"), ("Mail", "delivery.maildelivery")),
            ),
            Entry("Verifiers", "External checks and their secrets.", model="controls.verifier"),
        ),
    ),
)


def roles_held(request: HttpRequest) -> dict[str, roles.Workflows]:
    """The roles of who is asking, read once per request."""
    if not hasattr(request, "roles_held"):
        request.roles_held = roles.roles_of(request.user, clock.now())  # type: ignore[attr-defined]
    return request.roles_held  # type: ignore[attr-defined]


class CountermarkAdmin(AdminSite):
    """Django's admin behind a start page of our own, with pages that are no table."""

    site_title = site_header = "Countermark admin"
    index_title = "Admin"
    # Modules with `urlpatterns` of more pages; rooms add theirs when their admin is loaded.
    pages: list[str]
    # Roles that open the pages of ours; which drafts wait, by the kind of item.
    readers: tuple[str, ...] = ()
    drafts: Callable[[Any], dict[str, list[dict[str, Any]]]]

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages = []
        self.drafts = lambda user: {}

    def get_urls(self) -> list[Any]:
        mine = [one for module in self.pages for one in import_module(module).urlpatterns]
        return [*mine, *super().get_urls()]

    def groups(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The groups with the entries that this person may open."""
        may_edit = request.user.is_superuser or bool({*roles_held(request)} & {*self.readers})
        found = []
        for name, entries in GROUPS:
            lines = [line for one in entries if (line := self._line(one, request, may_edit))]
            if lines:
                found.append({"name": name, "entries": lines})
        return found

    def _line(self, entry: Entry, request: HttpRequest, may_edit: bool) -> dict[str, Any] | None:
        url = self._table(entry.model, request) if entry.model else None
        if entry.url_name and may_edit:
            try:
                url = reverse(f"{self.name}:{entry.url_name}")
            except NoReverseMatch:
                url = None
        if not url:
            return None
        more = [(label, at) for label, model in entry.more if (at := self._table(model, request))]
        return {"entry": entry, "url": url, "more": more}

    def _table(self, model: str, request: HttpRequest) -> str | None:
        """The address of a table that this person may see."""
        try:
            table = self._registry.get(apps.get_model(model))
        except LookupError:
            return None
        if table is None or not table.has_view_permission(request):
            return None
        label = table.opts.app_label, table.opts.model_name
        return reverse(f"{self.name}:{label[0]}_{label[1]}_changelist")

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        drafts = self.drafts(request.user)
        groups = self.groups(request)
        for group in groups:
            for line in group["entries"]:
                line["drafts"] = drafts.get(line["entry"].item, [])
        page = {"title": self.index_title, "groups": groups, **(extra_context or {})}
        return TemplateResponse(request, "admin/start.html", page)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The same groups beside the tables of Django's admin."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        return [
            {
                "name": group["name"],
                "app_label": f"group-{number}",
                "app_url": reverse(f"{self.name}:index"),
                "has_module_perms": True,
                "models": [
                    {
                        "name": line["entry"].label,
                        "object_name": line["entry"].label.replace(" ", ""),
                        "admin_url": line["url"],
                        "add_url": None,
                        "view_only": True,
                        "perms": {"view": True},
                    }
                    for line in group["entries"]
                ],
            }
            for number, group in enumerate(self.groups(request))
        ]
