"""Property tests here judge meaning; time is judged by tests of its own, on processor time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("meaning", deadline=None)
settings.load_profile("meaning")
