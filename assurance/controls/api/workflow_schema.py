"""How a workflow looks, for the API's description."""

from __future__ import annotations

from rest_framework import serializers

from assurance.controls.choices import Stage, Tier


class WorkflowSetSchema(serializers.Serializer):
    number = serializers.IntegerField()
    sha256 = serializers.CharField()


class WorkflowCountsSchema(serializers.Serializer):
    """Its cases in flight, by status. `decided`: kept in their undo window or by a pause."""

    waiting = serializers.IntegerField()
    in_review = serializers.IntegerField()
    decided = serializers.IntegerField()
    paused = serializers.IntegerField()
    returned = serializers.IntegerField()


class WorkflowSchema(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    tier = serializers.CharField(help_text=", ".join(Tier.values))
    stage = serializers.CharField(help_text=", ".join(Stage.values))
    paused = serializers.BooleanField(help_text="Suspended counts as paused.")
    reason = serializers.CharField(allow_null=True, help_text="Why it is paused.")
    since = serializers.DateTimeField(allow_null=True, help_text="Paused since.")
    all_review = serializers.BooleanField(help_text="A person sees every output for now.")
    owner = serializers.CharField()
    deputy = serializers.CharField(allow_null=True)
    builders = serializers.ListField(child=serializers.CharField())
    control_set = WorkflowSetSchema(allow_null=True)
    url = serializers.URLField()
    web_url = serializers.URLField()
    counts = WorkflowCountsSchema()


class SnapshotSchema(serializers.Serializer):
    """What the gate said, frozen, and who signed it. `waiting`: a second person signs next."""

    to = serializers.CharField()
    sha256 = serializers.CharField()
    signed_by = serializers.ListField(child=serializers.CharField())
    waiting = serializers.BooleanField()
    lapses_at = serializers.DateTimeField()
    criteria = serializers.ListField(child=serializers.DictField())


class StageSchema(WorkflowSchema):
    snapshot = SnapshotSchema(allow_null=True)
