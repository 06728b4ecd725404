// Lab answers questions about Istio, one JSON object a line in and one a line out, with Istio's own code.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// question is one line of input. Op says what is asked; the other fields are what that needs.
type question struct {
	Op        string     `json:"op"`
	Documents []string   `json:"documents"` // YAML documents: the object to admit, or the whole mesh
	Proxies   []proxy    `json:"proxies"`
	Mesh      meshFacts  `json:"mesh"`
	Calls     []callSpec `json:"calls"`
}

// answer is one line of output; Error is set where the question could not be answered at all.
type answer struct {
	Error     string       `json:"error,omitempty"`
	Verdict   *admission   `json:"verdict,omitempty"`
	Messages  []message    `json:"messages,omitempty"`
	Resources []resources  `json:"resources,omitempty"` // one for each proxy
	Results   []callResult `json:"results,omitempty"`   // one for each call, by the first proxy
	Pod       string       `json:"pod,omitempty"`       // with its sidecar
}

// mostControlPlanes bounds the memory: each control plane of Istio's test harness leaves megabytes behind, which are
// given back by beginning anew.
const mostControlPlanes = 50

func main() {
	if err := answerAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// answerAll answers until the input ends. Whoever asks waits for the answer, so none is lost on the way to a new life.
func answerAll() error {
	if err := logToStderr(); err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for controlPlanes := 0; controlPlanes < mostControlPlanes; {
		if !in.Scan() {
			return in.Err()
		}
		var asked question
		given := answer{}
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			given.Error = err.Error()
		} else {
			given = ask(asked)
		}
		if err := out.Encode(given); err != nil {
			return err
		}
		if asked.Op == "generate" || asked.Op == "simulate" {
			controlPlanes++
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}

// logToStderr keeps standard output free for answers.
func logToStderr() error {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	return log.Configure(options)
}

// ask answers one question; a failure of Istio's test harness is an error of that question only.
func ask(asked question) (given answer) {
	defer func() {
		if failure := recover(); failure != nil {
			given = answer{Error: fmt.Sprint(failure)}
		}
	}()
	switch asked.Op {
	case "admit":
		verdict := admit(asked.Documents[0])
		return answer{Verdict: &verdict}
	case "analyze":
		messages, err := analyze(asked.Documents)
		return answer{Messages: messages, Error: text(err)}
	case "inject":
		pod, err := injected(asked.Documents[0])
		return answer{Pod: pod, Error: text(err)}
	case "generate", "simulate":
		err := test.Wrap(func(t test.Failer) {
			defer func() {
				if failure := recover(); failure != nil {
					t.Fatal(failure)
				}
			}()
			if asked.Op == "generate" {
				given.Resources = generate(t, asked)
			} else {
				given.Results = simulate(t, asked)
			}
		})
		given.Error = text(err)
		return given
	}
	return answer{Error: "unknown op " + asked.Op}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
