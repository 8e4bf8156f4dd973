"""`crowdloom`: the market from a terminal, over the same HTTP API that everybody else uses."""
