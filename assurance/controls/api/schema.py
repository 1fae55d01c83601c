"""How control sets and controls look, for the API's description."""

from __future__ import annotations

from rest_framework import serializers

from assurance.controls.choices import Disposition, FailurePolicy, Kind, Mode

# One text instead of an enumeration for each field: the names of those would collide.
A_DISPOSITION = f"One of {', '.join(Disposition.values)}."


class CheckSchema(serializers.Serializer):
    name = serializers.CharField()
    params = serializers.DictField()


class ControlEffectsSchema(serializers.Serializer):
    fail = serializers.CharField(help_text=A_DISPOSITION)  # type: ignore[assignment]
    inconclusive = serializers.CharField(help_text=A_DISPOSITION)


class ControlContentSchema(serializers.Serializer):
    """A control as a set holds it, every default written out."""

    key = serializers.CharField()
    name = serializers.CharField()
    purpose = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(help_text=", ".join(Kind.values))
    owner = serializers.CharField()
    failure_scenario = serializers.CharField(allow_blank=True)
    boundary = serializers.IntegerField(allow_null=True)
    mode = serializers.CharField(help_text=", ".join(Mode.values))
    condition = serializers.DictField(allow_null=True)
    effect = serializers.CharField(allow_null=True, help_text=A_DISPOSITION)
    check = CheckSchema(allow_null=True)
    effects = ControlEffectsSchema(allow_null=True)
    failure_policy = serializers.CharField(
        allow_null=True, help_text=", ".join(FailurePolicy.values)
    )
    on_error = serializers.CharField(allow_null=True, help_text=A_DISPOSITION)
    on_unknown = serializers.CharField(
        allow_null=True, help_text="fire, quiet, or a disposition; null: the default."
    )
    reroute_to = serializers.CharField(allow_null=True)
    instructions = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_blank=True)
    priority = serializers.IntegerField()


class SetReferenceSchema(serializers.Serializer):
    number = serializers.IntegerField()
    sha256 = serializers.CharField()


class LiveControlSchema(ControlContentSchema):
    """A control of the set in force, with its version and its workflow."""

    version = serializers.IntegerField()
    workflow = serializers.CharField()
    control_set = SetReferenceSchema()
    web_url = serializers.URLField()


class LiveControlPageSchema(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = LiveControlSchema(many=True)


class ControlSetSchema(serializers.Serializer):
    """One period in which a set was in force. `until` is null while it is."""

    workflow = serializers.CharField()
    number = serializers.IntegerField()
    sha256 = serializers.CharField()
    effective_from = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    url = serializers.URLField()


class ControlSetPageSchema(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ControlSetSchema(many=True)


class InForceSchema(serializers.Serializer):
    number = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.DateTimeField()}


class BoundarySchema(serializers.Serializer):
    number = serializers.IntegerField()
    text = serializers.CharField()
    clause = serializers.CharField(allow_blank=True)


class ActionSchema(serializers.Serializer):
    name = serializers.CharField()
    reversible = serializers.BooleanField()
    verification_required = serializers.BooleanField()


class SpecificationSchema(serializers.Serializer):
    purpose = serializers.CharField(allow_blank=True)
    boundaries = BoundarySchema(many=True)
    actions = ActionSchema(many=True)


class RoutingRuleSchema(serializers.Serializer):
    name = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField()
    condition = serializers.DictField(allow_null=True)
    queue = serializers.CharField()
    priority = serializers.CharField(
        allow_null=True, help_text="low, medium, high; null: the tier."
    )
    due_in = serializers.CharField(allow_null=True, help_text="ISO 8601; null: as the queue says.")
    catch_all = serializers.CharField(
        allow_null=True, help_text="review, specialist or governance: takes what is left of it."
    )


class ReasonSchema(serializers.Serializer):
    code = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    label = serializers.CharField()  # type: ignore[assignment]
    outcomes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    starter = serializers.CharField(allow_blank=True)
    text_required = serializers.BooleanField()


class QueuePolicySchema(serializers.Serializer):
    """What may be decided in a queue, by which reasons, and how much must be said."""

    queue = serializers.CharField()
    outcomes = serializers.ListField(child=serializers.CharField())
    reasons = ReasonSchema(many=True)
    rationale_min = serializers.DictField(help_text="Characters, by outcome or also by priority.")
    reasons_required = serializers.DictField(help_text="How many, by outcome or also by priority.")


class CatalogueSchema(serializers.Serializer):
    fields = serializers.DictField()  # type: ignore[assignment]
    open = serializers.ListField(child=serializers.CharField())


class WholeControlSetSchema(serializers.Serializer):
    """One set, whole: the content that the SHA-256 covers, and when it was in force."""

    sha256 = serializers.CharField()
    workflow = serializers.CharField()
    specification = SpecificationSchema()
    controls = ControlContentSchema(many=True)
    rules = RoutingRuleSchema(many=True)
    queue_policies = QueuePolicySchema(many=True)
    fields = CatalogueSchema()  # type: ignore[assignment]
    in_force = InForceSchema(many=True)
