"""What every template keeps to: it says what it needs, holds nothing that the policy forbids,
uses icons that exist, and error pages render when nothing else works. And: the colours are legible.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from django.template.loader import render_to_string

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TOKENS = (ROOT / "static/css/tokens.css").read_text()


def name(template: Path) -> str:
    return str(template.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_the_first_line_says_what_the_template_needs(template):
    first = template.read_text().splitlines()[0]

    assert first.startswith("{#")
    assert re.search(r"[Nn]eed|Must render", template.read_text()[:1500])


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_a_template_holds_nothing_that_the_policy_forbids(template):
    html = re.sub(r"{#.*?#}", "", template.read_text())

    assert not re.search(r"<style\b|\sstyle=|javascript:", html)
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html)
    assert not re.search(r"\son[a-z]+=|\shx-on\b|\|safe\b|{% autoescape off %}", html)


def test_every_icon_that_a_template_uses_is_in_the_sprite():
    sprite = (ROOT / "templates/includes/_icons.html").read_text()
    drawn = set(re.findall(r'id="i-([a-z]+)"', sprite))
    used = {
        icon
        for template in TEMPLATES
        for text in [re.sub(r"{#.*?#}", "", template.read_text())]
        for icon in re.findall(r'href="#i-([a-z]+)"|icon="([a-z]+)"', text)
        for icon in icon
        if icon
    }

    assert len(used) > 10
    assert used <= drawn


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_error_pages_render_with_nothing_but_a_reference(status):
    html = render_to_string(f"{status}.html", {"reference": "req-17"})

    assert "req-17" in html
    assert "Countermark" in html


def colours(token: str) -> tuple[str, str]:
    light, dark = re.search(
        rf"--{token}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\)", TOKENS
    ).groups()
    return light, dark


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT = ["ink", "ink-2", "ink-3", "accent", "fail", "warn", "ok", "esc"]
GROUNDS = ["paper", "surface", "sunken"]
ON_SOFT = [(state, f"{state}-soft") for state in ["accent", "fail", "warn", "ok", "esc"]]


@pytest.mark.parametrize(
    ("text", "ground"), [*product(TEXT, GROUNDS), *ON_SOFT, ("on-accent", "accent")]
)
def test_text_is_legible_on_every_ground_in_both_themes(text, ground):
    for one, other in zip(colours(text), colours(ground), strict=True):
        assert contrast(one, other) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_borders_of_controls_are_visible_on_every_ground_in_both_themes(ground):
    for one, other in zip(colours("edge"), colours(ground), strict=True):
        assert contrast(one, other) >= 3.0
