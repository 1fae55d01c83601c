from django.urls import path, register_converter

from assurance.controls.api import as_of, changes, drills, views, workflows


class Sha256Converter:
    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256Converter, "sha256")

urlpatterns = [
    path("as-of/", as_of.AsOfView.as_view(), name="as_of_noun"),
    path("control-sets/", views.ControlSetsView.as_view(), name="control_sets"),
    path("control-sets/<sha256:sha256>/", views.ControlSetView.as_view(), name="control_set"),
    path("controls/", views.ControlsView.as_view(), name="controls_live"),
    path("control-changes/", changes.ChangesView.as_view(), name="control_changes"),
    path("control-changes/<int:number>/", changes.ChangeView.as_view(), name="control_change"),
    *(
        path(f"control-changes/<int:number>/{verb}/", view.as_view(), name=f"change_{verb}")
        for verb, view in {
            "submit": changes.SubmitView,
            "approve": changes.ApproveView,
            "decline": changes.DeclineView,
            "withdraw": changes.WithdrawView,
            "publish": changes.PublishView,
            "ratify": changes.RatifyView,
            "rebase": changes.RebaseView,
            "rollback": changes.RollbackView,
        }.items()
    ),
    path("workflows/<slug:slug>/", workflows.WorkflowView.as_view(), name="workflow_noun"),
    path("workflows/<slug:slug>/pause/", workflows.PauseView.as_view(), name="workflow_pause"),
    path("workflows/<slug:slug>/resume/", workflows.ResumeView.as_view(), name="workflow_resume"),
    path("workflows/<slug:slug>/stage/", workflows.StageView.as_view(), name="workflow_stage"),
    path("workflows/<slug:slug>/drills/", drills.DrillsView.as_view(), name="workflow_drills"),
    path(
        "workflows/<slug:slug>/drills/<int:drill>/confirm/",
        drills.ConfirmView.as_view(),
        name="workflow_drill_confirm",
    ),
]
