"""What people may change about their own account, and nothing else: other fields are not read."""

from __future__ import annotations

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from assurance.accounts.choices import Theme
from assurance.accounts.models import User


class PreferencesForm(forms.ModelForm):
    """How the pages look and what they send."""

    class Meta:
        model = User
        fields = ["theme", "density", "shortcuts", "wants_case_email"]
        widgets = {"theme": forms.RadioSelect, "density": forms.RadioSelect}
        labels = {
            "shortcuts": "Single-key shortcuts",
            "wants_case_email": "Mail me about cases in my queues",
        }
        help_texts = {
            "shortcuts": "Off: no key acts by itself. Every button stays.",
            "wants_case_email": "To the address of your account, without anything from the case.",
        }

    def clean_wants_case_email(self) -> bool:
        wants = bool(self.cleaned_data["wants_case_email"])
        if wants and not self.instance.email:
            raise forms.ValidationError(
                "Your account has no e-mail address. Ask whoever runs the installation to add one."
            )
        return wants


class ThemeForm(forms.Form):
    """One press on the theme switch."""

    theme = forms.ChoiceField(
        choices=Theme.choices,
        error_messages={"invalid_choice": "Choose a theme: auto, light or dark."},
    )
    next = forms.CharField(required=False)

    def way_back(self, host: str) -> str:
        """Where the switch was pressed; never out of the house."""
        url = self.cleaned_data.get("next", "")
        return url if url_has_allowed_host_and_scheme(url, allowed_hosts={host}) else "/me/"
