"""Thousands of nodes before the real coordinator: made-up nodes and pods, and agents that speak the real protocol."""
