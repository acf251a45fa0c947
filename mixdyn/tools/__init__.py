"""
Tools around the client, such as the stand-in server; the core never imports them.
"""
