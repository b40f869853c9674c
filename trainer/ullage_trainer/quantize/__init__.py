"""The quantize stage: smaller variants, each measured beside the float model through the same runtime."""
