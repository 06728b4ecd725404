"""Who speaks TLS to whom in a mesh: objects of Kubernetes and Istio in, a verdict for every host and port out."""
