"""The pages of integration."""

from django.urls import path, re_path

from assurance.delivery import act_views, views

app_name = "delivery"
urlpatterns = [
    path("integrate/", views.integrate, name="integrate"),
    path("integrate/deliveries/<int:pk>/", views.delivery, name="delivery"),
    path("integrate/deliveries/<int:pk>/resend/", act_views.resend_delivery, name="resend"),
    path("integrate/clients/<int:pk>/keys/", act_views.issue_key, name="issue_key"),
    path("integrate/clients/<int:pk>/endpoints/", act_views.new_endpoint, name="new_endpoint"),
    path("integrate/keys/<int:pk>/revoke/", act_views.revoke_key, name="revoke_key"),
    path("integrate/endpoints/<int:pk>/", act_views.edit_endpoint, name="edit_endpoint"),
    re_path(
        r"^integrate/endpoints/(?P<pk>[0-9]{1,18})/(?P<act>rotate|off|on|resend)/$",
        act_views.act_on_endpoint,
        name="act_on_endpoint",
    ),
    path("integrate/alerts/<int:pk>/close/", act_views.close_alert, name="close_alert"),
]
