from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "assurance.delivery"
    label = "delivery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assurance.delivery import checks, witnesses  # noqa: F401  (registers the checks)
        from assurance.record import checkpoints

        checkpoints.register_witness(witnesses.tell)
