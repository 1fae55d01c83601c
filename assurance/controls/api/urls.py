from django.urls import path, register_converter

from assurance.controls.api import views, workflows


class Sha256Converter:
    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256Converter, "sha256")

urlpatterns = [
    path("control-sets/", views.ControlSetsView.as_view(), name="control_sets"),
    path("control-sets/<sha256:sha256>/", views.ControlSetView.as_view(), name="control_set"),
    path("controls/", views.ControlsView.as_view(), name="controls_live"),
    path("workflows/<slug:slug>/", workflows.WorkflowView.as_view(), name="workflow_noun"),
    path("workflows/<slug:slug>/pause/", workflows.PauseView.as_view(), name="workflow_pause"),
    path("workflows/<slug:slug>/resume/", workflows.ResumeView.as_view(), name="workflow_resume"),
    path("workflows/<slug:slug>/stage/", workflows.StageView.as_view(), name="workflow_stage"),
]
