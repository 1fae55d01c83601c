"""The pages of incidents."""

from django.urls import path

from incidents import views

app_name = "incidents"

urlpatterns = [
    path("incidents/", views.index, name="index"),
    path("incidents/open/", views.open_one, name="open"),
    path("incidents/<int:number>/", views.show, name="incident"),
    path("incidents/<int:number>/act/<slug:act>/", views.act, name="act"),
]
