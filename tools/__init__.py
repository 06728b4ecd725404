"""Programs for developing meshguard; no part of it needs them to run."""
