"""The program itself, to be read in this order: intake, observe, reconcile, apply, outside, resync, loop."""
