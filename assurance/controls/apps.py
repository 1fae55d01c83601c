from django.apps import AppConfig


class ControlsConfig(AppConfig):
    name = "assurance.controls"
    label = "controls"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assurance.accounts.roles import stage_of
        from assurance.controls import gate_readings
        from assurance.controls.models import Workflow
        from assurance.delivery.alerts import ask_for_owners
        from assurance.delivery.presenting import ask_for_outage_policies

        # Who may grant governance hangs on the stage, and accounts lie below.
        stage_of.register(
            lambda slug: Workflow.objects.filter(slug=slug).values_list("stage", flat=True).first()
        )
        # Delivery tells the owner of an alert, the deputy where the owner has no address.
        ask_for_owners(Workflow.objects.mail_of_owner)
        # Whoever builds against us reads there what the workflow expects while we are away.
        ask_for_outage_policies(Workflow.objects.outage_policies)
        # What this room measures for the gate between stages.
        gate_readings.register()
