"""The input of an emulation from a run: named hosts with what its plan gives them, and their exact ways."""
