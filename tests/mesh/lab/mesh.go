package main

import (
	"encoding/json"
	"strings"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/util"
	"istio.io/istio/pilot/pkg/simulation"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/test"
	"istio.io/istio/pkg/util/protomarshal"

	"google.golang.org/protobuf/proto"
)

// proxy is the Envoy that is asked about: "sidecar" or "router".
type proxy struct {
	Type           string            `json:"type"`
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace"`
	Address        string            `json:"address"`
	Labels         map[string]string `json:"labels"`
	ServiceAccount string            `json:"serviceAccount"`
	IstioVersion   string            `json:"istioVersion"`
}

// meshFacts are the parts of MeshConfig that change answers.
type meshFacts struct {
	OutboundTraffic string   `json:"outboundTraffic"`
	RootNamespace   string   `json:"rootNamespace"`
	NoAutoMTLS      bool     `json:"noAutoMtls"`
	ServiceExport   []string `json:"serviceExport"`
	RouteExport     []string `json:"routeExport"`
	RuleExport      []string `json:"ruleExport"`
}

// callSpec is one call that the simulation walks through the generated configuration.
type callSpec struct {
	Address  string `json:"address"`
	Port     int    `json:"port"`
	Path     string `json:"path"`
	Protocol string `json:"protocol"`
	TLS      string `json:"tls"`
	ALPN     string `json:"alpn"`
	Host     string `json:"host"`
	SNI      string `json:"sni"`
	Mode     string `json:"mode"`
}

type callResult struct {
	Error       string `json:"error,omitempty"`
	Listener    string `json:"listener,omitempty"`
	FilterChain string `json:"filterChain,omitempty"`
	Route       string `json:"route,omitempty"`
	VirtualHost string `json:"virtualHost,omitempty"`
	Cluster     string `json:"cluster,omitempty"`
}

// resources are what istiod sends to one proxy.
type resources struct {
	Listeners []json.RawMessage `json:"listeners"`
	Routes    []json.RawMessage `json:"routes"`
	Clusters  []json.RawMessage `json:"clusters"`
	Endpoints []json.RawMessage `json:"endpoints"`
}

// control gives a control plane that knows the documents.
func control(t test.Failer, asked question) *xds.FakeDiscoveryServer {
	var kube, istio []string
	for _, document := range asked.Documents {
		if strings.Contains(document, ".istio.io/v1") {
			istio = append(istio, document)
		} else {
			kube = append(kube, document)
		}
	}
	config := mesh.DefaultMeshConfig()
	if asked.Mesh.OutboundTraffic == "REGISTRY_ONLY" {
		config.OutboundTrafficPolicy.Mode = meshconfig.MeshConfig_OutboundTrafficPolicy_REGISTRY_ONLY
	}
	if asked.Mesh.RootNamespace != "" {
		config.RootNamespace = asked.Mesh.RootNamespace
	}
	config.EnableAutoMtls.Value = !asked.Mesh.NoAutoMTLS
	config.DefaultServiceExportTo = asked.Mesh.ServiceExport
	config.DefaultVirtualServiceExportTo = asked.Mesh.RouteExport
	config.DefaultDestinationRuleExportTo = asked.Mesh.RuleExport
	return xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		MeshConfig:             config,
		KubernetesObjectString: strings.Join(kube, "\n---\n"),
		ConfigString:           strings.Join(istio, "\n---\n"),
	})
}

// client gives a proxy as the control plane sees it.
func client(server *xds.FakeDiscoveryServer, asked proxy) *model.Proxy {
	kind := model.SidecarProxy
	if asked.Type == "router" {
		kind = model.Router
	}
	return server.SetupProxy(&model.Proxy{
		ID:              asked.Name + "." + asked.Namespace,
		Type:            kind,
		ConfigNamespace: asked.Namespace,
		IPAddresses:     []string{asked.Address},
		Labels:          asked.Labels,
		Locality:        util.ConvertLocality(strings.ReplaceAll(asked.Labels["istio-locality"], ".", "/")),
		Metadata: &model.NodeMetadata{
			Namespace:      asked.Namespace,
			Labels:         asked.Labels,
			IstioVersion:   asked.IstioVersion,
			ClusterID:      "Kubernetes",
			ServiceAccount: asked.ServiceAccount,
			// What every proxy says of itself: calls to these numbers get no listener.
			EnvoyStatusPort:     15021,
			EnvoyPrometheusPort: 15090,
		},
	})
}

// generate gives all that istiod would send to the proxies.
func generate(t test.Failer, asked question) []resources {
	server := control(t, asked)
	all := make([]resources, 0, len(asked.Proxies))
	for _, one := range asked.Proxies {
		proxy := client(server, one)
		listeners := server.Listeners(proxy)
		all = append(all, resources{
			Listeners: marshal(t, listeners),
			Routes:    marshal(t, server.RoutesFromListeners(proxy, listeners)),
			Clusters:  marshal(t, server.Clusters(proxy)),
			Endpoints: marshal(t, server.Endpoints(proxy)),
		})
	}
	return all
}

func marshal[M proto.Message](t test.Failer, messages []M) []json.RawMessage {
	all := make([]json.RawMessage, 0, len(messages))
	for _, message := range messages {
		encoded, err := protomarshal.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, encoded)
	}
	return all
}

// simulate walks each call through what istiod would send to the first proxy.
func simulate(t test.Failer, asked question) []callResult {
	server := control(t, asked)
	proxy := client(server, asked.Proxies[0])
	listeners := server.Listeners(proxy)
	walk := &simulation.Simulation{
		Listeners: listeners,
		Clusters:  server.Clusters(proxy),
		Routes:    server.RoutesFromListeners(proxy, listeners),
	}
	results := make([]callResult, 0, len(asked.Calls))
	for _, call := range asked.Calls {
		found := walk.Run(simulation.Call{
			Address:    call.Address,
			Port:       call.Port,
			Path:       call.Path,
			Protocol:   simulation.Protocol(call.Protocol),
			TLS:        simulation.TLSMode(call.TLS),
			Alpn:       call.ALPN,
			HostHeader: call.Host,
			Sni:        call.SNI,
			CallMode:   simulation.CallMode(call.Mode),
		})
		results = append(results, callResult{
			Error:       text(found.Error),
			Listener:    found.ListenerMatched,
			FilterChain: found.FilterChainMatched,
			Route:       found.RouteMatched,
			VirtualHost: found.VirtualHostMatched,
			Cluster:     found.ClusterMatched,
		})
	}
	return results
}
