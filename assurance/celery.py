"""The Celery application. PostgreSQL is the truth and the broker a doorbell: sweeps in the
schedule find whatever a lost ring left behind. Other rooms are named as strings only."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")

app = Celery("countermark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
