"""What the report says, in sentences and tables, all joined in `summary`.

`sources`, `facts` and `news` hold numbers; `front`, `story`, `advice`, `bias` and `data` put them into words; `tables`
and `glossary` stand beside.
"""
