"""The receiving side: webhooks into the inbox, and pages for the operator."""
