from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "assurance.delivery"
    label = "delivery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assurance.delivery import checks  # noqa: F401  (registers the checks)
