"""The foundation and the live path. It answers within the request.

Three clocks make the house: `assurance` answers within the request, `reviews` within a
person's working day, `incidents` after the fact. Calls go down, facts go up: `incidents` may
import `reviews` and `assurance`, `reviews` may import `assurance`, `assurance` neither.

Inside, lowest first: `api` (what every endpoint shares), `record` (the tamper-evident record),
`accounts` (people and clients), `delivery` (webhooks and mail), `controls` (what may go on),
`monitoring` (what it did over time).
"""
