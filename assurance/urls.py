"""Every address of the house. Rooms are named as strings; each keeps its own list."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/queues/"), name="home"),
    path("accounts/", include("assurance.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("assurance.api.urls")),
    path("api/v1/", include("assurance.record.api.urls")),
    path("api/v1/", include("assurance.controls.api.urls")),
    path("api/v1/", include("assurance.monitoring.api.urls")),
    path("api/v1/", include("reviews.api.urls")),
    path("api/v1/", include("incidents.api.urls")),
    path("", include("assurance.api.operations")),
    path("", include("assurance.accounts.pages")),
    path("", include("assurance.controls.urls")),
    path("", include("assurance.delivery.urls")),
    path("", include("reviews.urls")),
    path("", include("incidents.urls")),
]

handler400 = "assurance.api.problems.bad_request"
handler403 = "assurance.api.problems.forbidden"
handler404 = "assurance.api.problems.not_found"
handler500 = "assurance.api.problems.server_error"
