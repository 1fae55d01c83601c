from django.urls import path

from assurance.controls import (
    as_of_views,
    change_views,
    control_views,
    gate_views,
    specification_views,
    views,
    workflow_views,
)

urlpatterns = [
    path("changes/", change_views.index, name="changes"),
    path("changes/<int:number>/", change_views.show, name="change"),
    path("changes/<int:number>/progress/", change_views.progress, name="change_progress"),
    path("changes/<int:number>/preview/", change_views.preview, name="change_preview"),
    path("changes/<int:number>/<slug:act>/", change_views.act, name="change_act"),
    path("controls/", control_views.index, name="controls"),
    path("controls/<str:key>/diff/<int:old>..<int:new>/", control_views.diff, name="control_diff"),
    path("controls/<str:key>/", views.control, name="control"),
    path("as-of/", as_of_views.show, name="as_of"),
    path("workflows/", workflow_views.index, name="workflows"),
    path("workflows/<slug:slug>/", workflow_views.show, name="workflow"),
    path("workflows/<slug:slug>/pause/", workflow_views.pause, name="workflow_pause_page"),
    path("workflows/<slug:slug>/resume/", workflow_views.resume, name="workflow_resume_page"),
    path("workflows/<slug:slug>/specification/", specification_views.show, name="specification"),
    path("workflows/<slug:slug>/gate/", gate_views.show, name="gate"),
    path("workflows/<slug:slug>/gate/stage/", gate_views.stage, name="gate_stage"),
    path("workflows/<slug:slug>/gate/drills/", gate_views.drill, name="gate_drill"),
    path(
        "workflows/<slug:slug>/gate/drills/<int:pk>/confirm/",
        gate_views.confirm_drill,
        name="confirm_drill",
    ),
]
