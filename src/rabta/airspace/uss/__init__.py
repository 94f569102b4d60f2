"""A supplier of services to those who fly: plans, conflicts, details for others, notifications (F3548-21)."""
