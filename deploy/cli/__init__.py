"""The command line, one module per group of commands.

The modules import nothing but typer at their top: a command imports its code when it is called.
"""
