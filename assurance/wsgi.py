"""The door for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
application = get_wsgi_application()
# Every address now and not on the first request: a broken room fails at the start, and with
# --preload all workers share what was loaded once.
get_resolver().url_patterns  # noqa: B018
# What is loaded lives as long as the process: the collector need not look at it again and again,
# and forked workers go on sharing its memory.
gc.freeze()
