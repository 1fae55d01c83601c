"""Static files as they are served: hashed, compressed, kept by browsers for ever.

Our own script modules import each other, so the names in their imports are hashed too: a page
never mixes the modules of two releases. The parts of our stylesheet are joined into it: two dozen
answers from the browser's cache, one for each part, take longer than the page that asks for them.
Other people's files are left as they are; some scripts mention imports in comments that lead
nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLESHEET = "css/app.css"
_PART = re.compile(r'@import url\("\./([^"]+)"\);')
_IMPORT = (
    r"""(?m)(?P<matched>^import (?P<names>\{[^}]*\}) from "(?P<url>\./[^"]+)";)""",
    """import %(names)s from "%(url)s";""",
)


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """whitenoise's storage that also follows the imports of the modules in static/js, and joins
    the stylesheet."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (_IMPORT,)))

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """`paths`: each collected name with the storage and the path that it came from."""
        if STYLESHEET in paths and not dry_run:
            joined = _PART.sub(
                lambda part: _text(paths, f"css/{part[1]}"), _text(paths, STYLESHEET)
            )
            self.delete(STYLESHEET)
            self.save(STYLESHEET, ContentFile(joined))
            paths = {**paths, STYLESHEET: (self, STYLESHEET)}
        yield from super().post_process(paths, dry_run, **options)


def _text(paths: dict[str, Any], name: str) -> str:
    """A file as it was before anything was done to it."""
    storage, path = paths[name]
    with storage.open(path) as file:
        return file.read().decode()
