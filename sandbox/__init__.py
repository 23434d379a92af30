"""A stand-in GitHub on this machine: real git, REST, GraphQL, webhooks and pages; it never imports `bot`."""
