"""Control sets, complete, immutable and hashed, and the versions of the controls in them."""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models

from assurance.controls.models.guards import Guard
from assurance.controls.models.workflows import Workflow
from assurance.controls.querysets import ControlSetQuerySet
from assurance.record.models import AppendOnly


class ControlSet(models.Model):
    """All that governs one workflow from a moment on. Never edited."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="control_sets")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    canonical = models.TextField(help_text="The content as RFC 8785 JSON: what the hash covers.")
    effective_from = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    change = models.OneToOneField(
        "controls.ControlChange",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="published_set",
        help_text="What made it. Only the first set of a workflow has none.",
    )

    objects = ControlSetQuerySet.as_manager()

    class Meta:
        ordering = ["workflow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="set_number_once"),
        ]
        triggers = [
            AppendOnly(),
            Guard(
                name="next_in_line",
                operation=pgtrigger.Insert,
                declare=[
                    ("last", "controls_controlset%ROWTYPE"),
                    ("change", "controls_controlchange%ROWTYPE"),
                ],
                func="""
                    SELECT * INTO last FROM controls_controlset
                     WHERE workflow_id = NEW.workflow_id ORDER BY number DESC LIMIT 1;
                    IF NEW.number <> coalesce(last.number, 0) + 1 THEN
                        RAISE EXCEPTION 'control set % of this workflow is not the next one: %',
                            NEW.number, coalesce(last.number, 0) + 1;
                    END IF;
                    IF NEW.sha256 <> encode(sha256(convert_to(NEW.canonical, 'UTF8')), 'hex') THEN
                        RAISE EXCEPTION 'the hash of a control set is not that of its content';
                    END IF;
                    IF NEW.number > 1 THEN
                        SELECT * INTO change FROM controls_controlchange
                         WHERE id = NEW.change_id;
                        IF NEW.change_id IS NULL OR change.status <> 'approved'
                           OR change.workflow_id <> NEW.workflow_id
                           OR change.candidate_sha256 <> NEW.sha256 THEN
                            RAISE EXCEPTION 'only an approved control change replaces a set';
                        END IF;
                    END IF;
                    IF NEW.effective_from <= last.effective_from THEN
                        RAISE EXCEPTION 'a control set must begin later than the one it replaces';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow.slug} set {self.number}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The content as data. Treat it as frozen: where the text was left in the database, the
        same data serves everybody who asks."""
        if "canonical" in self.__dict__:
            return json.loads(self.canonical)
        return _content(self.pk, self.sha256)

    def controls(self) -> list[dict[str, Any]]:
        return self.content["controls"]

    def queue_policy(self, queue_slug: str) -> dict[str, Any] | None:
        policies = self.content.get("queue_policies", [])
        return next((policy for policy in policies if policy["queue"] == queue_slug), None)


@lru_cache(maxsize=64)
def _content(pk: int, sha256: str) -> dict[str, Any]:
    # By its hash too: a restored database gives the same key to another content.
    found = ControlSet.objects.values_list("canonical", flat=True)
    return json.loads(found.get(pk=pk, sha256=sha256))


class ControlVersion(models.Model):
    """The number of one distinct content of a control. Old content has its old number again."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="control_versions")
    key = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the content without its mode.")
    content = models.JSONField()
    first_set = models.ForeignKey(ControlSet, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="control_version_once"),
            models.UniqueConstraint(fields=["key", "sha256"], name="control_content_once"),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.key} version {self.version}"
