"""The forms of this room in the admin. Saving is a verb: its refusals stand beside the fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth.forms import UserChangeForm
from django.db import models

from assurance import clock
from assurance.accounts import clients, grants, persons
from assurance.accounts.choices import Scope
from assurance.accounts.models import Client, Grant, Person, User
from assurance.accounts.principals import account_of
from assurance.accounts.role_admin import VerbForm


class PersonForm(VerbForm):
    """A person made, renamed, switched off or on."""

    class Meta:
        model = Person
        fields = ["ref", "name", "active"]

    def act(self, cleaned: dict[str, Any]) -> models.Model:
        at, by = clock.now(), account_of(self.request)
        if self.instance.pk is None:
            return persons.make(cleaned["ref"], cleaned["name"], by=by, at=at)
        person = Person.objects.get(pk=self.instance.pk)
        if cleaned["name"] != person.name:
            person = persons.rename(person, cleaned["name"], by=by, at=at)
        if cleaned["active"] != person.active:
            switch = persons.switch_on if cleaned["active"] else persons.switch_off
            person = switch(person, by=by, at=at)
        return person


class GrantForm(VerbForm):
    """A role for a person."""

    class Meta:
        model = Grant
        fields = ["person", "role", "workflow", "expires_at"]

    def act(self, cleaned: dict[str, Any]) -> models.Model:
        if not cleaned:  # an existing grant has no field that could be changed
            return self.instance
        return grants.grant(
            cleaned["person"],
            cleaned["role"],
            cleaned["workflow"],
            by=account_of(self.request),
            at=clock.now(),
            expires_at=cleaned["expires_at"],
        )


class ClientForm(VerbForm):
    """A client and what it is bound to."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=forms.CheckboxSelectMultiple, required=False
    )

    class Meta:
        model = Client
        fields = ["name", "workflows", "scopes", "active"]

    def act(self, cleaned: dict[str, Any]) -> models.Model:
        at, by = clock.now(), account_of(self.request)
        workflows, scopes = cleaned["workflows"] or [], cleaned["scopes"]
        client = self.instance
        if client.pk is None:
            client = clients.make(cleaned["name"], workflows, scopes, by=by, at=at)
        former = Client.objects.get(pk=client.pk)
        wanted = (sorted(workflows), set(scopes), cleaned["active"])
        if wanted == (former.workflows, set(former.scopes), former.active):
            return former
        return clients.change(
            client, workflows=workflows, scopes=scopes, active=cleaned["active"], by=by, at=at
        )


class KeyForm(forms.Form):
    """When a new key ends, if ever."""

    expires_at = forms.SplitDateTimeField(
        required=False,
        widget=AdminSplitDateTime,
        label="Expires",
        help_text="Date and time in UTC. Empty: it lives until it is revoked.",
    )


class AccountForm(UserChangeForm):
    """An account. Who is behind it is said once, by somebody else."""

    request: Any

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "person", "is_active"]

    def clean_person(self) -> Person | None:
        person = self.cleaned_data["person"]
        former = User.objects.get(pk=self.instance.pk).person
        if person == former:
            return person
        if former is not None:
            raise forms.ValidationError(
                f"This account belongs to {former}. Close it and make another one instead."
            )
        if self.instance.pk == self.request.user.pk or person.pk == self.request.user.person_id:
            raise forms.ValidationError(
                "Nobody says who they are themselves. Ask another superuser, or use the shell."
            )
        return person

    def clean_is_active(self) -> bool:
        active = bool(self.cleaned_data["is_active"])
        if not active and self.instance.pk == self.request.user.pk:
            raise forms.ValidationError("Nobody closes their own account. Ask somebody else.")
        return active
