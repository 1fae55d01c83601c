from django.urls import path

from assurance.controls import views, workflow_views

urlpatterns = [
    path("controls/<str:key>/", views.control, name="control"),
    path("workflows/", workflow_views.index, name="workflows"),
    path("workflows/<slug:slug>/", workflow_views.show, name="workflow"),
    path("workflows/<slug:slug>/pause/", workflow_views.pause, name="workflow_pause_page"),
    path("workflows/<slug:slug>/resume/", workflow_views.resume, name="workflow_resume_page"),
]
