"""The worker's side of Ullage: prepare data, train on Horovod ranks, quantize, and report what it took."""
