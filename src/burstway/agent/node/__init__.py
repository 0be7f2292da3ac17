"""What runs on a node: standard library only, Python 3.6 and later, so that stock images run it.

It is delivered as one file, which archive.py makes of these modules.
"""
