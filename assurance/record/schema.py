"""How an event looks, for the API's description."""

from rest_framework import serializers


class StreamSchema(serializers.Serializer):
    type = serializers.ChoiceField(["case", "workflow", "incident", "installation"])
    id = serializers.CharField()


class EventActorSchema(serializers.Serializer):
    kind = serializers.ChoiceField(["person", "client", "system"])
    ref = serializers.CharField()
    user = serializers.IntegerField(allow_null=True)


class EventSchema(serializers.Serializer):
    """One entry of the record, with all that is needed to check its hash without us."""

    position = serializers.IntegerField(allow_null=True)
    stream = StreamSchema()
    workflow = serializers.CharField(allow_null=True)
    seq = serializers.IntegerField()
    type = serializers.CharField()
    at = serializers.DateTimeField()
    actor = EventActorSchema()
    payload = serializers.DictField()
    v = serializers.IntegerField()
    salt = serializers.CharField()
    commitment = serializers.CharField()
    prev = serializers.CharField()
    hash = serializers.CharField()


class EventPageSchema(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EventSchema(many=True)


class PositionsSchema(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` is a word of Python's, so it can be no attribute.
        return {"from": serializers.IntegerField(), "to": serializers.IntegerField()}


class CheckpointBodySchema(serializers.Serializer):
    """What is signed, as canonical JSON behind one byte 0x02."""

    v = serializers.IntegerField()
    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    previous = serializers.CharField()
    positions = PositionsSchema()
    leaves = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]
    key = serializers.CharField()


class CheckpointSchema(serializers.Serializer):
    """A signed hash over the heads of all chains that grew since the checkpoint before it."""

    checkpoint = CheckpointBodySchema()
    hash = serializers.CharField()
    signature = serializers.CharField()


class CheckpointPageSchema(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = CheckpointSchema(many=True)
