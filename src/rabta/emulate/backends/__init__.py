"""Other carriers of a course than the process of the engine: the kernel's queues, and programs in them."""
