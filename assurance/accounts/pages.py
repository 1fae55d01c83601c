"""The pages about oneself."""

from django.urls import path

from assurance.accounts import views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/theme/", views.theme, name="me_theme"),
    path("me/sessions/end-others/", views.end_others, name="me_end_others"),
    path("me/sessions/<int:sign_in_id>/end/", views.end_one, name="me_end_one"),
]
