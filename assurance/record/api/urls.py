from django.urls import path

from assurance.record.api.checkpoints import CheckpointsView, LatestCheckpointView
from assurance.record.api.views import EventsView

urlpatterns = [
    path("events/", EventsView.as_view(), name="events"),
    path("checkpoints/", CheckpointsView.as_view(), name="checkpoints"),
    path("checkpoints/latest/", LatestCheckpointView.as_view(), name="checkpoint-latest"),
]
