"""The pages of human work."""

from django.urls import path

from reviews.views import cases, deciding, play, queues, records

app_name = "reviews"

urlpatterns = [
    path("queues/", queues.work, name="work"),
    path("queues/<slug:slug>/", queues.show, name="queue"),
    path("queues/<slug:slug>/next/", queues.next_case, name="next"),
    path("play/", play.switch, name="play"),
    path("cases/", records.search, name="cases"),
    path("cases/<str:reference>/", cases.show, name="case"),
    path("cases/<str:reference>/record/", records.show, name="record"),
    path("cases/<str:reference>/claim/", cases.claim, name="claim"),
    path("cases/<str:reference>/release/", cases.release, name="release"),
    path("cases/<str:reference>/skip/", cases.skip, name="skip"),
    path("cases/<str:reference>/decide/", deciding.decide, name="decide"),
    path("cases/<str:reference>/supersede/", deciding.supersede, name="supersede"),
    path("cases/<str:reference>/resume/", cases.resume, name="resume"),
    path("cases/<str:reference>/decisions/<int:decision>/undo/", cases.undo, name="undo"),
]
