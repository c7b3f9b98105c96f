"""What went wrong and what to do next.

`taxonomy` holds the twelve fault types and what each means for a person; `faults` turns an exception into one of them;
`redaction` takes secrets out of any text that will be kept.
"""
