"""The policy pack: what no stack may contain, whoever wrote it."""
