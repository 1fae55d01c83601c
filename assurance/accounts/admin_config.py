"""Django's admin with our site. Stands in INSTALLED_APPS for django.contrib.admin, so it imports
nothing that needs loaded models."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class CountermarkAdminConfig(AdminConfig):
    """The same app; `admin.site` is ours."""

    default_site = "assurance.accounts.admin_site.CountermarkAdmin"
