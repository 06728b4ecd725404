package main

import (
	"strings"

	"sigs.k8s.io/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/resource"
	"istio.io/istio/pkg/config/schema/collections"
	sresource "istio.io/istio/pkg/config/schema/resource"
)

// admission is what the webhook says of one object.
type admission struct {
	Refused string `json:"refused,omitempty"`
	Warning string `json:"warning,omitempty"`
}

// message is what an analyzer of `istioctl analyze` says.
type message struct {
	Code   string `json:"code"`
	Level  string `json:"level"`
	Origin string `json:"origin"`
	Text   string `json:"text"`
}

// admit does what the validating webhook does with one document.
func admit(document string) admission {
	var object crd.IstioKind
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		return admission{Refused: err.Error()}
	}
	kind := object.GroupVersionKind()
	schema, ok := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(sresource.FromKubernetesGVK(&kind))
	if !ok {
		return admission{Refused: "unknown kind " + kind.String()}
	}
	config, err := crd.ConvertObject(schema, &object, "cluster.local")
	if err != nil {
		return admission{Refused: err.Error()}
	}
	warning, err := schema.ValidateConfig(*config)
	return admission{Refused: text(err), Warning: text(warning)}
}

// analyze does what `istioctl analyze --use-kube=false` does with all documents, Services and Pods included.
func analyze(documents []string) ([]message, error) {
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), resource.Namespace(""), resource.Namespace("istio-system"), nil)
	source := local.ReaderSource{Name: "mesh.yaml", Reader: strings.NewReader(strings.Join(documents, "\n---\n"))}
	if err := analyzer.AddTestReaderKubeSource([]local.ReaderSource{source}); err != nil {
		return nil, err
	}
	if err := analyzer.AddDefaultResources(); err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	defer close(stop)
	result, err := analyzer.Analyze(stop)
	if err != nil {
		return nil, err
	}
	said := []message{}
	for _, found := range result.Messages {
		origin := ""
		if found.Resource != nil && found.Resource.Origin != nil {
			origin = found.Resource.Origin.FriendlyName()
		}
		said = append(said, message{found.Type.Code(), found.Type.Level().String(), origin, found.String()})
	}
	return said, nil
}
