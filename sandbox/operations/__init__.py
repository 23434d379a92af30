"""What can happen on GitHub, one function each, shared by REST and GraphQL: checks rights, changes the world, sends webhooks."""
