"""Metrics: what a service counts about itself, and where it stands, for Prometheus.

`instruments` are moved as things happen; `facts` are looked up when somebody asks; `page`
answers with both.
"""

from shared.metrics.instruments import Metrics as Metrics
