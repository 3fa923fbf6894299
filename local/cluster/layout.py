"""The cluster's addresses and names, in one place."""

NAME = "web4-identity"  # network namespace, cgroup
NODE = "local"  # the node's name

HOST_LINK, NODE_LINK = "web4-host", "web4-node"  # interface names: 15 characters at most
SUBNET = "10.89.0.0/24"
HOST_IP, NODE_IP = "10.89.0.1", "10.89.0.2"
PREFIX = 24

POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_IP = "10.96.0.10"
API_URL = f"https://{NODE_IP}:6443"
