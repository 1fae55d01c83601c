from django.urls import path

from assurance.controls import views

urlpatterns = [path("controls/<str:key>/", views.control, name="control")]
