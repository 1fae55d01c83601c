"""Promise, sign, send, resend: webhooks and mail leave the house through the outbox here.

A verb promises a row in its own transaction; the worker sends it, without a row lock, under a
lease that ends by itself. Redis only rings. What a message says is for the rooms above, who owns
a workflow too: they tell this room through `alerts.ask_for_owners`.
"""
