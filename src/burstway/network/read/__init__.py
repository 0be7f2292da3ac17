"""Reading what a network is from what its tools print: Azure's resources as JSON, and nftables' rulesets.

Documents are text; nothing here opens a file. What is wrong is collected, each thing with its document and
place, and raised once as DocumentError. What was read and does not count is a note: a proof that left
something out must say what.
"""
