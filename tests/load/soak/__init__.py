"""Steady load on the running stack for half an hour: does any pod's memory grow, and does the audit hold?"""
