"""The JSON forms of the records, as REST answers and webhooks show them; read only, complete enough for GitHub's schema."""
