// Early admits objects as Istio 1.22 did, with its own code and the API of Istio 1.25: a question a line in and an
// answer a line out, in the form of the lab's.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
)

// question is one line of input: a YAML document.
type question struct {
	Documents []string `json:"documents"`
}

// answer is one line of output.
type answer struct {
	Verdict verdict `json:"verdict"`
}

// verdict is what is said of one object. Unknown is the first field that the API does not have, and that the API server
// therefore drops.
type verdict struct {
	Refused string `json:"refused,omitempty"`
	Warning string `json:"warning,omitempty"`
	Unknown string `json:"unknown,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var asked question
		err := json.Unmarshal(in.Bytes(), &asked)
		if err == nil {
			err = out.Encode(answer{admit(asked.Documents[0])})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// admit does what the validating webhook did with one document.
func admit(document string) verdict {
	var object crd.IstioKind
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		return verdict{Refused: err.Error()}
	}
	kind := object.GroupVersionKind()
	schema, ok := collections.Pilot.FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&kind))
	if !ok {
		return verdict{Refused: "unknown kind " + kind.String()}
	}
	converted, err := crd.ConvertObject(schema, &object, "cluster.local")
	if err != nil {
		return verdict{Refused: err.Error()}
	}
	warning, err := schema.ValidateConfig(*converted)
	return verdict{text(err), text(warning), unknown(schema, object.Spec)}
}

func unknown(schema resource.Schema, spec map[string]any) string {
	written, err := json.Marshal(spec)
	if err != nil {
		return err.Error()
	}
	read, err := schema.NewInstance()
	if err != nil {
		return err.Error()
	}
	return text(config.ApplyJSONStrict(read, string(written)))
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
