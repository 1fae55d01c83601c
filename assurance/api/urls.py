"""The API's description of itself: the schema, and Swagger UI served from here, offline."""

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation

# Swagger UI writes styles into its page and carries its icons inside its style sheet.
RELAXED = {"style-src": [UNSAFE_INLINE], "img-src": ["data:"]}


class SchemaView(SpectacularJSONAPIView):
    content_negotiation_class = DefaultContentNegotiation


class DocsView(SpectacularSwaggerSplitView):
    content_negotiation_class = DefaultContentNegotiation


urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", csp_update(RELAXED)(DocsView.as_view(url_name="schema")), name="docs"),
]
