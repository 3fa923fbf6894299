"""Prod's objects on a simulated cluster of 200 nodes in three zones (kwok), and what becomes of them there."""
