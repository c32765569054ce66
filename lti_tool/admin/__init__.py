"""Administration of platforms, deployments, the record store and sign-in."""
