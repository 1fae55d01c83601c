from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "assurance.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assurance.accounts import schema  # noqa: F401 (drf-spectacular finds it by import)
        from assurance.accounts.visibility import visible_workflows
        from assurance.record import visibility

        visibility.register(visible_workflows)
