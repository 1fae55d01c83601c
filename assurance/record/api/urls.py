from django.urls import path

from assurance.record.api.views import EventsView

urlpatterns = [path("events/", EventsView.as_view(), name="events")]
