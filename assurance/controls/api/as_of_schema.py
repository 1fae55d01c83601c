"""How a moment of the past looks, for the API's description."""

from __future__ import annotations

from rest_framework import serializers

from assurance.controls.api.schema import (
    ControlContentSchema,
    QueuePolicySchema,
    RoutingRuleSchema,
    SpecificationSchema,
)


class ControlThenSchema(ControlContentSchema):
    version = serializers.IntegerField()


class SetThenSchema(serializers.Serializer):
    number = serializers.IntegerField()
    sha256 = serializers.CharField()
    effective_from = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class StateThenSchema(serializers.Serializer):
    name = serializers.CharField()
    stage = serializers.CharField()
    tier = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    deputy = serializers.CharField(allow_null=True)
    builders = serializers.ListField(child=serializers.CharField())
    paused = serializers.BooleanField()
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField(allow_null=True)
    all_review = serializers.BooleanField()
    safe_outcome = serializers.CharField()
    outage_policy = serializers.CharField()


class GrantThenSchema(serializers.Serializer):
    person = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    workflow = serializers.CharField(allow_null=True, help_text="null: all workflows.")
    since = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class QueueThenSchema(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    members = serializers.ListField(child=serializers.CharField())
    service_level = serializers.CharField(allow_null=True)
    lease = serializers.CharField()
    undo_window = serializers.CharField()
    guideline_version = serializers.IntegerField()
    guideline = serializers.CharField(allow_blank=True)


class ModelThenSchema(serializers.Serializer):
    name = serializers.CharField(allow_null=True)
    version = serializers.CharField(allow_null=True)
    prompt_version = serializers.CharField(allow_null=True)
    cases = serializers.IntegerField()
    last_at = serializers.DateTimeField()


class DiffersSchema(serializers.Serializer):
    what = serializers.CharField()
    then = serializers.CharField()
    now = serializers.CharField()


class AsOfSchema(serializers.Serializer):
    at = serializers.DateTimeField()
    workflow = serializers.CharField()
    control_set = SetThenSchema(allow_null=True)
    specification = SpecificationSchema(allow_null=True)
    controls = ControlThenSchema(many=True)
    rules = RoutingRuleSchema(many=True)
    queue_policies = QueuePolicySchema(many=True)
    waivers = serializers.ListField(child=serializers.DictField())
    state = StateThenSchema(allow_null=True)
    grants = GrantThenSchema(many=True)
    models = ModelThenSchema(many=True)
    queues = QueueThenSchema(many=True)
    sets_around = serializers.ListField(child=serializers.DictField())
    differs_now = DiffersSchema(many=True)
