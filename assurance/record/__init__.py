"""The tamper-evident record: append, seal, verify. One hash chain per case, workflow, incident,
and one for the installation. What an event means is for the room that records it, who may read
it is for the rooms above: they register that in `visibility`.
"""
