from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "assurance.record"
    label = "record"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assurance.record import checks  # noqa: F401  (registers the check)
