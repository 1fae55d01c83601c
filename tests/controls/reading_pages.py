"""What a person finds on a page of changes: its words, its forms, and how one is sent."""

from __future__ import annotations

import re


def main_of(answer) -> str:
    return answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]


def words_of(answer) -> str:
    """What a person reads, without tags and runs of space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main_of(answer)))


def act(client, change, name, **form):
    return client.post(f"/changes/{change.number}/{name}/", form)


def offered(answer) -> set[str]:
    """The acts for which the page has a form."""
    return set(re.findall(r'action="/changes/\d+/(\w+)/"', main_of(answer)))
