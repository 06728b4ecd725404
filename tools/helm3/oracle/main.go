// Reads values as `helm template` of Helm 3 does, many times in one process: what meshguard's reading is held against.
//
// One request per line on standard input, {"files": [base64], "sets": [[flag, expression]], "chart": directory}, one
// answer per line on standard output: {"values": ...} or {"error": text}; "refusal" is what the chart's schemas say.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	loader "helm.sh/helm/v3/pkg/chart/loader"
	chartutil "helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/getter"
)

type request struct {
	Files []string    `json:"files"`
	Sets  [][2]string `json:"sets"`
	Chart string      `json:"chart"`
}

type memory struct{ files []string }

func (m memory) Get(url string, _ ...getter.Option) (*bytes.Buffer, error) {
	index, err := strconv.Atoi(strings.TrimPrefix(url, "memory://x/"))
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(m.files[index])
	return bytes.NewBuffer(data), err
}

func read(asked request) (result map[string]any, refusal error, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("panic: %v", caught)
		}
	}()
	options := values.Options{}
	for index := range asked.Files {
		options.ValueFiles = append(options.ValueFiles, fmt.Sprintf("memory://x/%d", index))
	}
	for _, set := range asked.Sets {
		switch set[0] {
		case "set":
			options.Values = append(options.Values, set[1])
		case "set-string":
			options.StringValues = append(options.StringValues, set[1])
		case "set-json":
			options.JSONValues = append(options.JSONValues, set[1])
		case "set-file":
			options.FileValues = append(options.FileValues, set[1])
		case "set-literal":
			options.LiteralValues = append(options.LiteralValues, set[1])
		}
	}
	files := memory{asked.Files}
	providers := getter.Providers{{Schemes: []string{"memory"}, New: func(...getter.Option) (getter.Getter, error) { return files, nil }}}
	user, err := options.MergeValues(providers)
	if err != nil || asked.Chart == "" {
		return user, nil, err
	}
	chart, err := loader.Load(asked.Chart)
	if err != nil {
		return nil, nil, err
	}
	if declared := chart.Metadata.Dependencies; declared != nil {
		if err := action.CheckDependencies(chart, declared); err != nil {
			return nil, nil, err
		}
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, user); err != nil {
		return nil, nil, err
	}
	result, err = chartutil.CoalesceValues(chart, user)
	if err == nil {
		refusal = chartutil.ValidateAgainstSchema(chart, result)
	}
	return result, refusal, err
}

func main() {
	log.SetOutput(io.Discard)
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		var asked request
		answer := map[string]any{}
		if err := json.Unmarshal(line, &asked); err != nil {
			answer["error"] = err.Error()
		} else if result, refusal, err := read(asked); err != nil {
			answer["error"] = err.Error()
		} else {
			answer["values"] = result
			if refusal != nil {
				answer["refusal"] = refusal.Error()
			}
		}
		if err := output.Encode(answer); err != nil {
			fmt.Fprintln(os.Stdout, `{"error": "cannot be written as JSON"}`)
		}
	}
}
