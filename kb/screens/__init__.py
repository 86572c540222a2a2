"""The screens: one page a file, each handed the desk and the viewer; what they draw goes through ``paper``."""
