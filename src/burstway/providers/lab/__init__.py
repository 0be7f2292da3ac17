"""The lab is a cloud: machines are namespaces on this host, rented through a socket like a cloud's API.

`daemon` is the cloud itself, one process a lab. `provider` is what the control plane sees of it. The rest is
how machines are made: `image` (what a machine's disk holds before it boots), `fabric` (networks, the border),
`machines` (namespaces), `remains` (what a lab leaves when it is cut off, and its removal).
"""
