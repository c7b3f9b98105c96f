"""What the report says: `sources`, `facts`, `news`; `front`, `story`, `advice`, `bias`, `data`; `tables`; all joined in `summary`."""
