import pytest
from django.core.cache import cache

from assurance.accounts.choices import Role
from tests.accounts_factories import UserFactory, grant_to
from tests.cast import make_one


@pytest.fixture(autouse=True)
def nobody_has_tried_yet():
    """Tries are counted per address, and every test comes from the same one."""
    cache.clear()


@pytest.fixture
def grace(db):
    return make_one("grace")


@pytest.fixture
def gus(db):
    return make_one("gus")


@pytest.fixture
def root(db):
    return UserFactory(username="root", superuser=True)


@pytest.fixture
def ines(db):
    user = UserFactory(username="ines", is_staff=True)
    grant_to(user, Role.INTEGRATOR, "credit-decisions")
    return user
