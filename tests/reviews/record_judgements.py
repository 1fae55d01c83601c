"""Record a thousand judgements anew, for `test_same_judgement`.

    python -m tests.reviews.record_judgements

Only where judgements are meant to change, and never in the same commit as the change without
saying so: what was recorded is what earlier releases said. Needs DATABASE_URL, where it makes and
drops a database of its own.
"""

from __future__ import annotations

import gzip
import json
import os

import django


def main() -> None:
    django.setup()
    from django.db import connection

    from tests.reviews import test_same_judgement as module

    database = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        count = module.judge_a_thousand()
        text = json.dumps(module.recording(), sort_keys=True, separators=(",", ":"))
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)
    module.RECORDING.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{count} judgements, {module.RECORDING.stat().st_size // 1000} kB")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    main()
