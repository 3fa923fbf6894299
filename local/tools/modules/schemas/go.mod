module web4-identity/tools/schemas

go 1.26.7

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/external-secrets/external-secrets v1.3.2
	k8s.io/kubernetes v1.34.2
	sigs.k8s.io/gateway-api v1.6.3
)
