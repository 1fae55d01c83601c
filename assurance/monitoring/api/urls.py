from django.urls import path

from assurance.monitoring.api import signals

urlpatterns = [
    path("signals/", signals.SignalsView.as_view(), name="signals"),
]
