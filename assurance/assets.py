"""Static files as they are served: hashed, compressed, kept by browsers for ever.

Our own script modules import each other, so the names in their imports are hashed too: a page
never mixes the modules of two releases. Other people's scripts are left as they are; some
mention imports in comments that lead nowhere.
"""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORT = (
    r"""(?m)(?P<matched>^import (?P<names>\{[^}]*\}) from "(?P<url>\./[^"]+)";)""",
    """import %(names)s from "%(url)s";""",
)


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """whitenoise's storage that also follows the imports of the modules in static/js."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (_IMPORT,)))
