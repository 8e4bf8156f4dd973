"""Splitting a whole into pieces and merging the pieces' answers back: one module a kind of whole.

Everything here is pure. What decodes a PDF, an image or a recording is an adapter behind
`application.ports.Splitter`; the arithmetic of its pieces is here.
"""
