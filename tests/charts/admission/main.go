// Admission tells what Kubernetes' API server says of a new object, with its own code: an object a line in, and a
// verdict a line out, both JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
)

// verdict is one line of output; of an object that is admitted nothing is refused.
type verdict struct {
	Refused  []string `json:"refused"`
	Warnings warnings `json:"warnings"`
}

// warnings keeps what a client would show beside the answer.
type warnings []string

func (said *warnings) AddWarning(_, text string) {
	*said = append(*said, text)
}

// kind is how the API server makes objects of one kind.
type kind struct {
	resource string
	strategy rest.RESTCreateStrategy
}

var kinds = map[string]kind{
	"Deployment":              {"deployments", deployment.Strategy},
	"HorizontalPodAutoscaler": {"horizontalpodautoscalers", horizontalpodautoscaler.Strategy},
	"PodDisruptionBudget":     {"poddisruptionbudgets", poddisruptionbudget.Strategy},
	"Service":                 {"services", service.Strategy},
	"ServiceAccount":          {"serviceaccounts", serviceaccount.Strategy},
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		given := verdict{Refused: []string{}, Warnings: warnings{}}
		given.Refused = append(given.Refused, reasons(admit(in.Bytes(), &given.Warnings))...)
		if err := out.Encode(given); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// admit does what the API server does with an object up to storing it: it reads it strictly, sets the defaults of
// its version, and holds it against all rules for a new object.
func admit(sent []byte, said *warnings) error {
	scheme := legacyscheme.Scheme
	options := serializer.SerializerOptions{Strict: true}
	decoder := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme, options)
	read, version, err := decoder.Decode(sent, nil, nil)
	if err != nil {
		return err
	}
	known, ok := kinds[version.Kind]
	if !ok {
		return fmt.Errorf("nothing is known here of %s", version)
	}
	scheme.Default(read)
	object, err := scheme.ConvertToVersion(read, runtime.InternalGroupVersioner)
	if err != nil {
		return err
	}
	header, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(header)
	ctx := request.WithNamespace(context.Background(), header.GetNamespace())
	ctx = warning.WithWarningRecorder(request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true,
		Verb:              "create",
		APIGroup:          version.Group,
		APIVersion:        version.Version,
		Namespace:         header.GetNamespace(),
		Resource:          known.resource,
		Name:              header.GetName(),
	}), said)
	return rest.BeforeCreate(known.strategy, ctx, object)
}

// reasons gives the faults that an error lists one by one, where it does.
func reasons(err error) []string {
	if err == nil {
		return nil
	}
	said := []string{}
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			said = append(said, cause.Field+": "+cause.Message)
		}
	}
	if len(said) == 0 {
		return []string{err.Error()}
	}
	return said
}
