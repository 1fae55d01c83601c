"""Pages of the admin on which control sets are edited; the admin's site takes them up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import path

from assurance.controls.choices import Item
from assurance.controls.editing import views


def _kept(page: Any) -> Any:
    """Behind the admin's door: signed in, and staff."""
    return admin.site.admin_view(page)


def _item(item: str, one: str, many: str, place: str, *, adds: bool = True) -> list[Any]:
    found = [
        path(f"controls/{one}/", _kept(views.listed(item)), name=f"controls_{many}"),
        path(f"controls/{one}/{place}/edit/", _kept(views.edit(item)), name=f"controls_edit_{one}"),
        path(
            f"controls/{one}/{place}/beside/",
            _kept(views.hint(item)),
            name=f"controls_{one}_beside",
        ),
    ]
    if adds:
        new = f"controls/{one}/new/<slug:workflow>"
        found = [
            path(f"{new}/add/", _kept(views.add(item)), name=f"controls_add_{one}"),
            path(f"{new}/beside/", _kept(views.hint_new(item)), name=f"controls_new_{one}_beside"),
            *found,
        ]
    return found


urlpatterns = [
    *_item(Item.CONTROL, "control", "controls", "<str:key>"),
    *_item(Item.RULE, "rule", "rules", "<slug:workflow>/<path:key>"),
    *_item(Item.WAIVER, "waiver", "waivers", "<slug:workflow>/<str:key>"),
    *_item(Item.QUEUE_POLICY, "policy", "policies", "<slug:workflow>/<slug:key>", adds=False),
    *_item(Item.SPECIFICATION, "specification", "specifications", "<slug:workflow>", adds=False),
]
