package main

import (
	"bytes"
	"strings"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"
)

// sidecar is the least that a pod can get: what is asked about is done to the pod after that.
const sidecar = "spec: {containers: [{name: istio-proxy, image: proxy}]}"

// injected gives a pod as the injection webhook makes it.
func injected(document string) (string, error) {
	templates, err := inject.ParseTemplates(inject.RawTemplates{inject.SidecarTemplateName: sidecar})
	if err != nil {
		return "", err
	}
	values, err := inject.NewValuesConfig("{}")
	if err != nil {
		return "", err
	}
	out := &bytes.Buffer{}
	err = inject.IntoResourceFile(nil, templates, values, "", mesh.DefaultMeshConfig(), strings.NewReader(document), out, func(string) {})
	return out.String(), err
}
