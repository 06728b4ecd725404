"""Helm's dialect: how Helm reads, merges and overrides values, with a place for everything."""
