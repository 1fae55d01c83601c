"""Promise, sign, send, resend: webhooks and mail leave the house through the outbox here."""
