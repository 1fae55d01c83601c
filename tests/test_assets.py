"""Static files as served: script modules find each other by hashed name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def collected(tmp_path, settings):
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "assurance.assets.ModuleManifestStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_each_other_by_hashed_name_only(collected):
    hashed = [
        file
        for file in (collected / "js").glob("*.js")
        if re.search(r"\.[0-9a-f]{12}\.js$", file.name)
    ]
    imported = [
        name
        for file in hashed
        for name in re.findall(r'^import .* from "\./(.+)";', file.read_text(), re.MULTILINE)
    ]

    assert {"app", "keys", "draft"} <= {file.name.split(".")[0] for file in hashed}
    assert len(imported) > 20
    assert {name for name in imported if not (collected / "js" / name).is_file()} == set()
    assert {name for name in imported if not re.search(r"\.[0-9a-f]{12}\.js$", name)} == set()


def test_the_stylesheet_is_one_file_with_every_part_in_order(collected):
    asked = re.findall(r'@import url\("\./(.+)"\);', (ROOT / "static/css/app.css").read_text())
    (served,) = (
        file for file in (collected / "css").glob("app.*.css") if len(file.name.split(".")) == 3
    )
    text = served.read_text()
    places = [text.find((ROOT / "static/css" / part).read_text()) for part in asked]

    assert "@import" not in text
    assert {"tokens.css", "components/case.css"} <= set(asked)
    assert -1 not in places
    assert places == sorted(places)
    assert {
        str(file.relative_to(ROOT / "static/css")) for file in (ROOT / "static/css").rglob("*.css")
    } == {
        *asked,
        "app.css",
        "admin.css",
    }


def test_every_import_is_written_so_that_the_storage_sees_it():
    for module in (ROOT / "static/js").glob("*.js"):
        for line in module.read_text().splitlines():
            if line.startswith("import"):
                assert re.fullmatch(r'import \{[^}]*\} from "\./[a-z]+\.js";', line), module.name


def test_every_static_file_that_a_template_names_exists():
    found = {path for finder in get_finders() for path, _ in finder.list([])}
    for template in (ROOT / "templates").rglob("*.html"):
        for name in re.findall(r"{% static ['\"]([^'\"]+)['\"] %}", template.read_text()):
            assert name in found, f"{template.name} names {name}"
