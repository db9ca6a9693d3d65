"""What else a deployment asks, in small: an identity provider, stores of recordings, a shop, a receiver of traces."""
