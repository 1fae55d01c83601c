from django.urls import path

from incidents.api import views

urlpatterns = [
    path("incidents/", views.IncidentsView.as_view(), name="incidents"),
    path("incidents/<int:number>/", views.IncidentView.as_view(), name="incident"),
    path(
        "incidents/<int:number>/transition/",
        views.TransitionView.as_view(),
        name="incident_transition",
    ),
    path("incidents/<int:number>/cases/", views.CasesView.as_view(), name="incident_cases"),
    path("incidents/<int:number>/notes/", views.NotesView.as_view(), name="incident_notes"),
]
