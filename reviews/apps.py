from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Answer what lower rooms may want to know of cases."""
        from assurance.api import idempotency
        from reviews.models import Case

        # The keys of a case's requests outlive the case by seven days.
        idempotency.register_ends(Case.objects.ends_of)
