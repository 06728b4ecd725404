"""A chart's own values.schema.json, read as Helm reads it."""
