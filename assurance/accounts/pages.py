"""The pages about oneself, and about the roles of others."""

from django.urls import path

from assurance.accounts import grant_views, views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/theme/", views.theme, name="me_theme"),
    path("me/sessions/end-others/", views.end_others, name="me_end_others"),
    path("me/sessions/<int:sign_in_id>/end/", views.end_one, name="me_end_one"),
    path("grants/", grant_views.index, name="grants"),
    path("grants/<int:pk>/certify/", grant_views.certify, name="grant_certify"),
    path("grants/<int:pk>/end/", grant_views.end, name="grant_end"),
]
