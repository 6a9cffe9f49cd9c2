"""People's files made safe, in a process of their own (ADR 18): `python -m portal.cleaning pdf`, or another kind.

A file of a few kilobytes may be made to unpack to gigabytes, or to keep a processor busy for hours. So whatever opens
one has limits of memory and of processor time that the kernel holds, no settings, no keys, and ends with the file.
Nothing here knows the rest of the portal: starting takes what the libraries take.
"""
