"""/api/v1/ of human work."""

from django.urls import path

from reviews.api import after, reading, submitting, verifying, working

app_name = "api"

urlpatterns = [
    path("cases/", submitting.CasesView.as_view(), name="cases"),
    path("cases/batch/", submitting.BatchView.as_view(), name="batch"),
    path("assessments/", submitting.AssessmentsView.as_view(), name="assessments"),
    path("cases/<str:id>/", reading.CaseView.as_view(), name="case"),
    path("cases/<str:id>/events/", reading.CaseEventsView.as_view(), name="case-events"),
    path("cases/<str:id>/revisions/", after.RevisionsView.as_view(), name="revisions"),
    path("cases/<str:id>/withdraw/", after.WithdrawView.as_view(), name="withdraw"),
    path("cases/<str:id>/execution/", after.ExecutionView.as_view(), name="execution"),
    path("cases/<str:id>/outcomes/", after.OutcomesView.as_view(), name="outcomes"),
    path("workflows/<slug:slug>/executed/", after.ExecutedView.as_view(), name="executed"),
    path(
        "verifications/<str:check_run_id>/",
        verifying.VerificationView.as_view(),
        name="verification",
    ),
    path("queues/", working.QueuesView.as_view(), name="queues"),
    path("queues/<slug:slug>/next/", working.NextView.as_view(), name="next"),
    path("cases/<str:id>/claim/", working.ClaimView.as_view(), name="claim"),
    path("cases/<str:id>/heartbeat/", working.HeartbeatView.as_view(), name="heartbeat"),
    path("cases/<str:id>/release/", working.ReleaseView.as_view(), name="release"),
    path("cases/<str:id>/skip/", working.SkipView.as_view(), name="skip"),
    path("cases/<str:id>/draft/", working.DraftView.as_view(), name="draft"),
    path("cases/<str:id>/decisions/", working.DecisionsView.as_view(), name="decisions"),
    path("cases/<str:id>/decisions/<int:decision>/undo/", working.UndoView.as_view(), name="undo"),
    path("cases/<str:id>/resume/", working.ResumeView.as_view(), name="resume"),
]
