import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def nobody_has_tried_yet():
    """Tries are counted per address, and every test comes from the same one."""
    cache.clear()
