"""The forms of keys and endpoints. What the verb refuses stands beside the field."""

from __future__ import annotations

from typing import Any

from django import forms

from assurance.delivery.choices import EventType
from assurance.delivery.models import Endpoint
from assurance.errors import DomainError


class KeyForm(forms.Form):
    """When a new key ends, if ever."""

    days = forms.TypedChoiceField(
        label="It ends",
        choices=[("", "never"), ("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year")],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Two keys of a client may live side by side while its system moves to the new"
        " one.",
    )


class EndpointForm(forms.Form):
    """Where a client hears what. `secret` is asked for a new endpoint only."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="An https address on port 443 or 8443. Redirects are not followed.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    event_types = forms.MultipleChoiceField(
        label="It hears",
        choices=[(type.value, f"{type.value}: {type.label}") for type in EventType],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nothing chosen: everything.",
    )
    description = forms.CharField(max_length=200, required=False)
    headers = forms.CharField(
        label="Custom headers",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line, as “Name: value”. Sent with each try, never shown in the log.",
    )
    secret = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Only to bring your own: whsec_ and 24 to 64 bytes in base64. Else one is made.",
    )
    client_certificate = forms.CharField(
        required=False,
        max_length=500,
        help_text="Path of a PEM file on the servers of Countermark, where the receiver asks.",
    )
    client_key = forms.CharField(required=False, max_length=500, help_text="Path of its key.")

    def __init__(self, *args: Any, endpoint: Endpoint | None = None, **kwargs: Any) -> None:
        if endpoint is not None:
            kwargs["initial"] = {
                "url": endpoint.url,
                "event_types": endpoint.event_types,
                "description": endpoint.description,
                "headers": "\n".join(f"{n}: {v}" for n, v in endpoint.headers.items()),
                "client_certificate": endpoint.client_certificate,
                "client_key": endpoint.client_key,
            }
        super().__init__(*args, **kwargs)
        if endpoint is not None:
            del self.fields["secret"]

    def clean_headers(self) -> dict[str, str]:
        """Lines as a mapping. A line break inside a value cannot be written here at all."""
        headers: dict[str, str] = {}
        for line in self.cleaned_data["headers"].splitlines():
            name, colon, value = line.partition(":")
            if not line.strip():
                continue
            if not colon:
                raise forms.ValidationError(f"“{line[:40]}” has no colon. Write “Name: value”.")
            if name.strip() in headers:
                raise forms.ValidationError(f"{name.strip()} is there twice. Write it once.")
            headers[name.strip()] = value.strip()
        return headers

    def refuse(self, refusal: DomainError) -> None:
        """Put a refusal of the verb beside the field that it names."""
        for fault in refusal.errors or [{"pointer": "", "message": refusal.sentence}]:
            field = str(fault["pointer"]).strip("/").partition("/")[0]
            self.add_error(field if field in self.fields else None, str(fault["message"]))

    def faults(self) -> list[dict[str, str]]:
        """What the summary above the form lists."""
        return [
            {"id": self[name].id_for_label if name in self.fields else "", "message": str(message)}
            for name, messages in self.errors.items()
            for message in messages
        ]
