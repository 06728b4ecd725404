"""meshguard: values that are proven safe, then rendered for the mesh."""
