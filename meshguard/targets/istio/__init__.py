"""Istio as a target: a service in, VirtualService, DestinationRule, ServiceEntry, PeerAuthentication out."""

from meshguard.targets import Target
from meshguard.targets.istio.render import render
from meshguard.targets.istio.verify import verify

TARGET = Target("istio", render, verify)
