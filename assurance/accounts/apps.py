from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "assurance.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assurance import clock
        from assurance.accounts import (
            keys,
            schema,  # noqa: F401 (drf-spectacular finds it by import)
            visibility,
        )
        from assurance.api import leaks
        from assurance.record import visibility as feed

        leaks.register(lambda full: keys.leaked(full, at=clock.now()))
        feed.register(visibility.visible_workflows)
