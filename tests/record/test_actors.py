"""Who did it."""

from __future__ import annotations

from types import SimpleNamespace

from assurance.record.actors import Actor


def test_a_person_is_known_by_account_a_client_by_name_a_job_by_its_own(cast):
    assert Actor.person(cast.ada) == Actor("person", "ada", cast.ada.pk)
    assert Actor.client(SimpleNamespace(name="scoring")) == Actor("client", "scoring", None)
    assert Actor.system("sweep").as_json() == {"kind": "system", "ref": "sweep", "user": None}
