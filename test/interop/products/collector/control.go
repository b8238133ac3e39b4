package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// startControl serves the record on a port of its own. The receiver has no way to respond with a partial success, so this
// port also takes traces, and rejects the first span, in the messages of the Collector.
func startControl(received *record) (string, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /received", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(received.all())
	})
	mux.HandleFunc("POST /clear", func(http.ResponseWriter, *http.Request) { received.clear() })
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		response, err := partialSuccess(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(response)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(listener, mux) }()
	return "http://" + listener.Addr().String(), nil
}

func partialSuccess(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	request := ptraceotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		return nil, err
	}
	span := request.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	response := ptraceotlp.NewExportResponse()
	response.PartialSuccess().SetRejectedSpans(1)
	response.PartialSuccess().SetErrorMessage(span.Name() + " is too old")
	return response.MarshalProto()
}
