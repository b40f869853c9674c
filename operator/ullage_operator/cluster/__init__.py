"""Workers as pods of a Kubernetes cluster: how they are made, observed and billed, and the way to the API server."""
