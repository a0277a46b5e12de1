"""What every backend promises (`contract`), how backends are found (`registry`), and the backends.

Importing this package, or any module in it but the two framework rooms' physics, loads no framework.
"""
