from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Answer what lower rooms may want to know of cases."""
        from assurance.api import idempotency
        from assurance.controls import rooms_above, visibility
        from assurance.controls.queues import queue_kinds
        from assurance.record import verification
        from reviews import agreement, as_of_parts, gate_readings, work_done, workflow_pauses
        from reviews.models import Case, Queue
        from reviews.presenting import in_flight, naming

        # The keys of a case's requests outlive the case by seven days.
        idempotency.register_ends(Case.objects.ends_of)
        # Whoever works in a queue may read the controls that fill it.
        visibility.queues_of.register(
            lambda user: Queue.objects.of(user).values_list("slug", flat=True)
        )
        # Rules name queues by slug; whether one may take a case is a matter of its kind.
        queue_kinds.register(lambda: dict(Queue.objects.values_list("slug", "kind")))
        verification.register_agreement(agreement.problems)
        # The pause of a workflow is a lower room's; what it means for cases is ours.
        rooms_above.on_resume.register(workflow_pauses.follow_resume)
        rooms_above.open_cases.register(workflow_pauses.counts)
        rooms_above.in_flight.register(in_flight.present)
        rooms_above.cases_named.register(naming.named)
        rooms_above.queue_work.register(work_done.per_queue)
        gate_readings.register()
        rooms_above.as_of_parts.register(as_of_parts.queues)
