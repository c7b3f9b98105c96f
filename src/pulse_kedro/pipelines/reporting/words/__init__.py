"""What the report says: `sources`, `facts`; `story`, `advice`, `bias`, `data`; `tables`; all joined in `summary`."""
