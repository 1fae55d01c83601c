"""How signals look, for the API's description."""

from __future__ import annotations

from rest_framework import serializers

from assurance.monitoring.choices import Level
from assurance.monitoring.signals import SIGNALS


class PointSchema(serializers.Serializer):
    day = serializers.DateField()
    n = serializers.IntegerField()
    hits = serializers.IntegerField()


class JudgedPointSchema(PointSchema):
    lower = serializers.IntegerField(help_text="The smallest count within the limits.")
    upper = serializers.IntegerField(help_text="The largest count within the limits.")


class BaselineSchema(serializers.Serializer):
    version = serializers.IntegerField()
    rate = serializers.FloatField()
    n = serializers.IntegerField()
    hits = serializers.IntegerField()
    period_days = serializers.IntegerField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    reason = serializers.CharField()


class AgreementSchema(serializers.Serializer):
    both = serializers.IntegerField()
    first_only = serializers.IntegerField()
    second_only = serializers.IntegerField()
    neither = serializers.IntegerField()
    kappa = serializers.FloatField(allow_null=True)
    ac1 = serializers.FloatField(allow_null=True)


class SignalSchema(serializers.Serializer):
    """One signal of one scope. Rates are 0 to 1, and null where n is under 10."""

    signal = serializers.CharField(help_text=", ".join(one.code for one in SIGNALS))
    title = serializers.CharField()
    question = serializers.CharField()
    method = serializers.CharField()
    explained = serializers.CharField()
    workflow = serializers.CharField()
    control = serializers.CharField(allow_null=True)
    queue = serializers.CharField(allow_null=True)
    model_version = serializers.CharField(allow_null=True)
    since = serializers.DateField()
    until = serializers.DateField()
    n = serializers.IntegerField()
    hits = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True, help_text="The median of a time.")
    state = serializers.CharField(help_text=", ".join(Level.values))
    sentence = serializers.CharField()
    baseline = BaselineSchema(allow_null=True)
    agreement = AgreementSchema(allow_null=True)
    alarms = serializers.ListField(child=serializers.DateField(), help_text="Of the CUSUM.")
    series = PointSchema(many=True)
    points = JudgedPointSchema(many=True)
    cases = serializers.CharField(help_text="The address of the cases behind it.")


class SignalsSchema(serializers.Serializer):
    results = SignalSchema(many=True)
