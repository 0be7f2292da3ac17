"""The lab is a cloud: machines are namespaces on this host, rented through a socket like a cloud's API.

`daemon` is the cloud itself, one process a lab; `routes` is what it answers, `cloud` what that acts on.
`provider` is what the control plane sees of it. The rest is how machines are made: `image` (what a machine's
disk holds before it boots), `fabric` (networks), `filters` (the border, the site's firewall), `machines`
(namespaces).
"""
