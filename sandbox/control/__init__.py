"""What stand-ins are told to do while they run: latencies, faults, scripted words, what has moved at a provider."""
