"""Settings that would let webhooks go astray are named before anything starts."""

from __future__ import annotations

from assurance.delivery.checks import networks_are_readable, no_loopback_in_production


def test_networks_that_cannot_be_read_stop_the_start(settings):
    settings.COUNTERMARK_ALLOWED_NETWORKS = ["10.0.0.0/8"]

    (error,) = networks_are_readable()

    assert error.id == "delivery.E001"
    assert "10.20.0.0/16:8443" in error.msg


def test_a_bundle_that_is_not_there_stops_the_start(settings):
    settings.COUNTERMARK_CA_BUNDLE = "/nowhere/ca.pem"

    (error,) = networks_are_readable()

    assert error.id == "delivery.E002"


def test_good_settings_have_no_problem(settings):
    settings.COUNTERMARK_ALLOWED_NETWORKS = ["10.20.0.0/16:8443"]

    assert networks_are_readable() == no_loopback_in_production() == []


def test_the_deployment_check_refuses_loopback(loopback):
    (error,) = no_loopback_in_production()

    assert error.id == "delivery.E003"
