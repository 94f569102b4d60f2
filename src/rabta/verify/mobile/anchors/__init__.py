"""Numbers of the mobile suites as printed."""
