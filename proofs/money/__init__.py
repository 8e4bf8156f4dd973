"""`make prove-money`: random interleavings of everything that moves money, and broken cents."""
