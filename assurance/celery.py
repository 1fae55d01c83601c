"""The Celery application. PostgreSQL is the truth and the broker a doorbell: sweeps in the
schedule find whatever a lost ring left behind. Other rooms are named as strings only."""

import os
from datetime import timedelta

from celery import Celery
from celery.schedules import crontab
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")

# When Redis dies while a task runs, kombu gives the message back over the connection that it has
# just lost, and the worker ends: 'NoneType' object has no attribute 'hostname'. A doorbell need
# not be given back; Redis itself offers it anew after the visibility timeout.
Channel.do_restore = False

app = Celery("countermark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=120,
    task_soft_time_limit=100,
    worker_prefetch_multiplier=1,
    worker_max_memory_per_child=400_000,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=5,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 0.3,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "max_retries": 0,
    },
    task_publish_retry=False,
)

# Each sweep takes due rows by a conditional UPDATE, so any number of beats is harmless. A ring
# that nobody answered within its interval is worth nothing any more: it expires.
app.conf.beat_schedule = {
    "release-decisions": {
        "task": "reviews.tasks.release_due",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "record-overdue": {
        "task": "reviews.tasks.record_overdue",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "resume-held": {
        "task": "reviews.tasks.resume_held",
        "schedule": 2.0,
        "options": {"expires": 5},
    },
    "sweep-replays": {
        "task": "assurance.controls.tasks.sweep_replays",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "ask-verifiers": {
        "task": "reviews.tasks.ask_verifiers",
        "schedule": 2.0,
        "options": {"expires": 5},
    },
    "close-verifications": {
        "task": "reviews.tasks.close_verifications",
        "schedule": 2.0,
        "options": {"expires": 5},
    },
    "sweep-control-changes": {
        "task": "assurance.controls.tasks.sweep_changes",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "reassess-cases": {
        "task": "reviews.tasks.reassess",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "deliver-webhooks": {
        "task": "assurance.delivery.tasks.sweep",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "alarm-again": {
        "task": "reviews.tasks.alarm_again",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "remind-governance": {
        "task": "assurance.controls.tasks.remind",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "count-days": {
        "task": "assurance.monitoring.tasks.count_days",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "freeze-baselines": {
        "task": "assurance.monitoring.tasks.freeze_baselines",
        "schedule": crontab(hour=0, minute=30),
        "options": {"expires": 3600},
    },
    "prune-idempotency-keys": {
        "task": "assurance.api.tasks.prune_keys",
        "schedule": timedelta(hours=1),
        "options": {"expires": 600},
    },
    "sign-checkpoint": {
        "task": "assurance.record.tasks.sign_checkpoint",
        "schedule": timedelta(hours=1),
        "options": {"expires": 600},
    },
    "verify-chains": {
        "task": "assurance.controls.tasks.verify_chains",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 3600},
    },
    "canary": {
        "task": "assurance.api.tasks.canary",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
}
