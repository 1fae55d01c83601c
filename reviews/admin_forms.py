"""The admin's form of a queue: lengths of time as ISO 8601 text."""

from __future__ import annotations

from typing import Any

from django import forms

from assurance.accounts.models import User
from assurance.controls.forms import LengthField
from reviews.models import Queue


class QueueForm(forms.ModelForm):
    """A queue. A new guideline text counts the guideline's version up."""

    service_level = LengthField(
        required=False, help_text="Due this long after arrival, as PT4H, unless the rule says."
    )
    lease = LengthField(
        label="Lease length", initial="PT20M", help_text="How long a claim holds, as PT20M."
    )
    undo_window = LengthField(
        or_none=True,
        initial="PT10S",
        help_text="How long a decision can be undone, as PT10S. PT0S: not at all.",
    )
    skip_for = LengthField(
        initial="PT8H", help_text="How long a skipped case stays away from its skipper, as PT8H."
    )

    by: User

    class Meta:
        model = Queue
        fields = [
            "slug",
            "name",
            "kind",
            "members",
            "service_level",
            "lease",
            "undo_window",
            "skip_for",
            "guideline",
        ]
        # Django's two boxes set inline styles, which the browser must refuse here.
        widgets = {"members": forms.CheckboxSelectMultiple}

    def clean_members(self) -> Any:
        """Membership decides which cases one sees and takes, so nobody gives it to themselves,
        from whichever account."""
        chosen = set(self.cleaned_data["members"])
        before: set[User] = set(self.instance.members.all()) if self.instance.pk else set()
        mine = [
            one
            for one in chosen - before
            if one == self.by or (one.person_id and one.person_id == self.by.person_id)
        ]
        if mine:
            raise forms.ValidationError(
                "Nobody adds themselves to a queue. Ask another governance owner to add you."
            )
        return self.cleaned_data["members"]

    def save(self, commit: bool = True) -> Any:
        if self.instance.pk and "guideline" in self.changed_data:
            self.instance.guideline_version += 1
        return super().save(commit)
