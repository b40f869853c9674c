"""The worker's side of Ullage: prepare data, train on Horovod ranks, quantize, and report what it took.

In a script of your own: ``from ullage_trainer import report``, then ``report(step=10, total=100, loss=0.3)``.
"""

from .reporting import report as report
