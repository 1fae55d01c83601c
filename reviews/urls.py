"""The pages of human work."""

app_name = "reviews"

urlpatterns: list = []
