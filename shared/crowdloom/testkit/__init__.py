"""For tests alone: honest local implementations, and suites that the real adapters pass as well."""
